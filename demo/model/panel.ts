import type { CallOptions, IndexInfo, Progress } from 'maxsift'
import { chosen, dropped, type Given } from '../files/given.ts'
import { element } from '../reader/dom.ts'
import { ask } from '../ui/ask.ts'
import { button } from '../ui/button.ts'
import { told } from '../ui/told.ts'
import { bytes, count, number } from '../ui/words.ts'
import type { ModelChoice } from './choice.ts'

export interface ModelActions {
  info(): Promise<IndexInfo | null>
  current(): ModelChoice
  /** Has another model read the own documents; those of before stay until that is done. */
  use(choice: ModelChoice, call: CallOptions): Promise<void>
}

type Kind = ModelChoice['kind']

/** The panel in which a person chooses the model that reads their documents. */
export class ModelPanel {
  readonly #dialog = element('dialog', { class: 'sheet', 'aria-labelledby': 'model-title', closedby: 'any' })
  readonly #now = element('p', { class: 'faint' })
  readonly #name = element('input', {
    id: 'model-name',
    type: 'text',
    'aria-label': 'Name or address of the model',
    placeholder: 'owner/name, or an address',
    autocomplete: 'off',
    spellcheck: 'false',
  })
  readonly #folder = element('input', { type: 'file', id: 'pick-model', hidden: true, webkitdirectory: true })
  readonly #folderName = element('span', { class: 'faint' }, 'or drop it here')
  readonly #message = element('p', { role: 'status', class: 'message' })
  readonly #bar = element('progress', { 'aria-label': 'Progress', hidden: true })
  readonly #use = button('Use this model', () => void this.#switch())
  readonly #inputs = new Map<Kind, HTMLInputElement>()
  #files: { name: string; files: File[] } | null = null
  #work: AbortController | null = null

  constructor(private readonly actions: ModelActions) {
    const pick = button('Choose a folder', () => this.#folder.click())
    this.#folder.addEventListener('change', () => {
      this.#take(chosen(this.#folder.files ?? []))
      this.#folder.value = ''
    })
    this.#name.addEventListener('input', () => this.#choose('named'))
    this.#dialog.append(
      element(
        'header',
        {},
        element('h2', { id: 'model-title' }, 'Model'),
        button('Close', () => this.#dialog.close(), { class: 'quiet' }),
      ),
      element('p', {}, 'The model reads your documents and your questions, on this device.'),
      this.#now,
      element(
        'fieldset',
        { class: 'models', 'aria-label': 'Which model' },
        this.#option('default', 'That of this page', 'the one to begin with'),
        this.#option('nano', 'A smaller one', 'maxsift-nano-en: 10 MB, English, finds a little less'),
        this.#option('named', 'By its name', 'on Hugging Face, or at an address', this.#name),
        this.#option(
          'files',
          'From a folder of yours',
          'config.json, tokenizer, model.safetensors',
          pick,
          this.#folderName,
        ),
      ),
      element(
        'p',
        { class: 'faint' },
        'Another model has to read all documents again: what two models make of a text cannot be compared.',
      ),
      this.#bar,
      this.#message,
      element('div', { class: 'row' }, this.#use),
      this.#folder,
    )
    this.#dialog.addEventListener('close', () => this.#work?.abort())
    this.#watchDrops()
    document.body.append(this.#dialog)
  }

  async open(): Promise<void> {
    this.#say('')
    const current = this.actions.current()
    this.#choose(current.kind)
    if (current.kind === 'named') this.#name.value = current.model
    if (current.kind === 'files') this.#folderName.textContent = current.name
    this.#dialog.showModal()
    await this.#show()
  }

  async #show(): Promise<IndexInfo | null> {
    const info = await this.actions.info().catch(() => null)
    this.#use.disabled = info === null || this.#work !== null
    const { name, bytes: size } = info?.model ?? { name: '', bytes: 0 }
    this.#now.textContent = info ? `Now: ${name}, ${bytes(size)}` : 'Your documents are not open.'
    return info
  }

  #option(kind: Kind, name: string, note: string, ...more: Node[]): HTMLElement {
    const input = element('input', { type: 'radio', name: 'model', value: kind, id: `model-${kind}` })
    this.#inputs.set(kind, input)
    const label = element(
      'label',
      {},
      input,
      element('span', { class: 'name' }, name),
      element('span', { class: 'note' }, note),
    )
    return element('div', { class: 'model' }, label, element('div', { class: 'more row' }, ...more))
  }

  #choose(kind: Kind): void {
    this.#inputs.get(kind)!.checked = true
  }

  /** A folder that is dropped here is a model; elsewhere it is documents. */
  #watchDrops(): void {
    this.#dialog.addEventListener('dragover', (event) => {
      event.preventDefault()
      event.stopPropagation()
    })
    this.#dialog.addEventListener('drop', (event) => {
      event.preventDefault()
      event.stopPropagation()
      void dropped(event.dataTransfer!.items).then((given) => this.#take(given))
    })
  }

  #take({ files, folders }: Given): void {
    if (files.length === 0) return
    const below = (path: string) => (folders.length > 0 ? path.slice(path.indexOf('/') + 1) : path)
    // A dropped file does not know its path; the name has it in its place.
    const named = files.map(({ path, file }) => new File([file], below(path), { lastModified: file.lastModified }))
    this.#files = { name: folders[0] ?? count(files.length, 'file'), files: named }
    this.#folderName.textContent = this.#files.name
    this.#choose('files')
  }

  #chosen(): ModelChoice | string {
    const kind = [...this.#inputs].find(([, { checked }]) => checked)?.[0]
    if (kind === 'named') {
      const model = this.#name.value.trim()
      return model === '' ? 'Write the name of a model first.' : { kind, model }
    }
    if (kind === 'files') return this.#files ? { kind, ...this.#files } : 'Choose the folder of a model first.'
    return { kind: kind ?? 'default' }
  }

  async #switch(): Promise<void> {
    const choice = this.#chosen()
    if (typeof choice === 'string') return this.#say(choice)
    const info = await this.#show()
    if (!info) return
    const documents = info.documents + info.pending
    const title = `Index ${count(documents, 'document')} again?`
    const text = 'The other model is loaded and reads all of them. Until that is done the index of now stays as it is.'
    if (documents > 0 && !(await ask({ title, text, action: 'Use the other model' }))) return
    const work = new AbortController()
    this.#work = work
    this.#use.disabled = true
    this.#bar.hidden = false
    try {
      await this.actions.use(choice, { signal: work.signal, onProgress: (progress) => this.#progress(progress) })
      this.#say(`${count(documents, 'document')} can be searched with it now.`)
    } catch (error) {
      this.#say(work.signal.aborted ? '' : `${told(error)} Nothing was changed.`)
    }
    this.#work = null
    this.#bar.hidden = true
    await this.#show()
  }

  #progress({ stage, loaded, total }: Progress): void {
    if (total) Object.assign(this.#bar, { max: total, value: loaded })
    else this.#bar.removeAttribute('value')
    const [what, unit] = stage === 'encode' ? ['Indexing', number] : ['Loading the model', bytes]
    this.#say(`${what}: ${unit(loaded)}${total ? ` of ${unit(total)}` : ''}`)
  }

  #say(text: string): void {
    this.#message.textContent = text
  }
}
