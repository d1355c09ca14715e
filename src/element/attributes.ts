import type { SearchElement } from './types.ts'

const LIMIT = 10

/** On a server there is none. */
const Base = (globalThis.HTMLElement ?? class {}) as new () => SearchElement

/** The attributes of `<maxsift-search>` as properties. */
export class AttributesElement extends Base {
  static readonly observedAttributes = [
    'name',
    'source',
    'model',
    'onnx',
    'japanese',
    'placeholder',
    'shortcut',
    'limit',
    'preload',
  ]

  /** Name of the index, as in `createIndex({ name })`. */
  get name(): string | null {
    return this.getAttribute('name')
  }
  set name(name: string | null) {
    this.#reflect('name', name)
  }

  /** Address of a ready-made index, as in `createIndex({ source })`. */
  get source(): string | null {
    return this.getAttribute('source')
  }
  set source(source: string | null) {
    this.#reflect('source', source)
  }

  /** Name or address of the model, as in `createIndex({ model })`. */
  get model(): string | null {
    return this.getAttribute('model')
  }
  set model(model: string | null) {
    this.#reflect('model', model)
  }

  /**
   * Address of a folder with the files of ONNX Runtime, as in `onnxRuntime(address)` of `maxsift/onnx`: for browsers
   * without a GPU for the web. Fetched there alone.
   */
  get onnx(): string | null {
    return this.getAttribute('onnx')
  }
  set onnx(onnx: string | null) {
    this.#reflect('onnx', onnx)
  }

  /**
   * Address of a folder with `japanese-engine.js` and `unidic-lite.bin` of this package, for Japanese checkpoints. Fetched
   * with such a checkpoint alone.
   */
  get japanese(): string | null {
    return this.getAttribute('japanese')
  }
  set japanese(japanese: string | null) {
    this.#reflect('japanese', japanese)
  }

  get placeholder(): string | null {
    return this.getAttribute('placeholder')
  }
  set placeholder(placeholder: string | null) {
    this.#reflect('placeholder', placeholder)
  }

  /** Keys that lead to the box, such as `mod+k /` (the default); `none` for none. */
  get shortcut(): string | null {
    return this.getAttribute('shortcut')
  }
  set shortcut(shortcut: string | null) {
    this.#reflect('shortcut', shortcut)
  }

  /** Documents to show at most. Default 10. */
  get limit(): number {
    const limit = Number(this.getAttribute('limit') ?? LIMIT)
    return Number.isSafeInteger(limit) && limit > 0 ? limit : LIMIT
  }
  set limit(limit: number | null) {
    this.#reflect('limit', limit)
  }

  /** When the index that the attributes name is opened: once the element is seen (`visible`), or only once it is used. */
  get preload(): 'visible' | 'focus' {
    return this.getAttribute('preload') === 'focus' ? 'focus' : 'visible'
  }
  set preload(preload: 'visible' | 'focus' | null) {
    this.#reflect('preload', preload)
  }

  #reflect(attribute: string, value: string | number | null): void {
    if (value === null || value === undefined) this.removeAttribute(attribute)
    else this.setAttribute(attribute, String(value))
  }
}
