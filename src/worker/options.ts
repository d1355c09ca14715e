import { check, MaxsiftError } from '../errors.ts'
import { modelAddress } from '../model/address.ts'
import { POOLINGS, QUERY_LENGTHS } from '../model/spec.ts'
import type { OpenOptions } from '../search/service.ts'
import type {
  CallOptions,
  CreateIndexOptions,
  JapaneseOption,
  ModelOption,
  OnnxOption,
  SearchOptions,
} from '../search/types.ts'

const CALL = ['signal', 'onProgress']
const CREATE = [
  'name',
  'model',
  'hub',
  'integrity',
  'source',
  'store',
  'persist',
  'backend',
  'onnx',
  'japanese',
  'queryLength',
  'pooling',
  'worker',
  'dtype',
  'codec',
  'splitPassages',
  'waitForModel',
  ...CALL,
]
const SEARCH = ['mode', 'limit', 'offset', 'filter', 'ids', 'passages', 'explain', 'signal']

/** @throws MaxsiftError INVALID_ARGUMENT naming the option */
export function readCreateOptions(options: CreateIndexOptions): OpenOptions {
  known('createIndex', options, CREATE)
  callOptions(options)
  const { model, backend, onnx, japanese, store = 'indexeddb', dtype, codec = 'int8', splitPassages = true } = options
  const { waitForModel = true } = options
  const source = options.source === undefined ? undefined : absolute('source', options.source)
  // Two ready-made indexes without a name are two indexes.
  const name = options.name ?? source ?? 'default'
  check(typeof name === 'string' && name !== '', '`name` must be a string that is not empty')
  oneOf('store', store, ['indexeddb', 'memory'])
  if (backend !== undefined) oneOf('backend', backend, ['auto', 'webgpu', 'onnx'])
  if (options.queryLength !== undefined) oneOf('queryLength', options.queryLength, QUERY_LENGTHS)
  if (options.pooling !== undefined) oneOf('pooling', options.pooling, ['none', ...POOLINGS])
  if (dtype !== undefined) oneOf('dtype', dtype, ['f16'])
  oneOf('codec', codec, ['f32', 'f16', 'int8'])
  check(typeof splitPassages === 'boolean', '`splitPassages` must be true or false')
  check(['boolean', 'undefined'].includes(typeof options.persist), '`persist` must be true or false')
  check(typeof waitForModel === 'boolean', '`waitForModel` must be true or false')
  return {
    name,
    model: model === undefined ? undefined : readModel(model, options.hub),
    integrity: options.integrity && readIntegrity(options.integrity),
    source,
    backend,
    onnx: onnx && readRuntime(onnx),
    japanese: japanese && readDictionary(japanese),
    queryLength: options.queryLength,
    pooling: options.pooling,
    store,
    dtype,
    codec,
    splitPassages,
    early: !waitForModel,
    // Bundlers know this form and copy the file; it needs nothing beside it.
    lexical: new URL('./lexical.ts', import.meta.url).href,
    tokenizers: new URL('./tokenizers.ts', import.meta.url).href,
    hub: new URL('./hub.ts', import.meta.url).href,
  }
}

/** Anything but what `onnxRuntime()` of `maxsift/onnx` gives lacks an address. */
function readRuntime({ engine, script, wasm, threads = 1 }: OnnxOption): OnnxOption {
  check(isCount(threads) && threads > 0, '`onnx.threads` must be a whole number from 1')
  return {
    engine: absolute('onnx.engine', engine),
    script: absolute('onnx.script', script),
    wasm: absolute('onnx.wasm', wasm),
    threads,
  }
}

function readDictionary({ engine, dictionary }: JapaneseOption): JapaneseOption {
  return { engine: absolute('japanese.engine', engine), dictionary: absolute('japanese.dictionary', dictionary) }
}

function readModel(model: ModelOption, hub?: string | URL): OpenOptions['model'] {
  if (typeof model === 'string' || model instanceof URL) return namedModel(model, hub)
  check(typeof model === 'object' && model !== null, '`model` must be an address, { files } or { urls }')
  if ('fingerprint' in model) return model
  if ('files' in model) {
    const files = Array.from(model.files ?? [])
    check(files.length > 0 && files.every((file) => file instanceof File), '`model.files` must be a list of files')
    return { files: files.map(withPath) }
  }
  check(typeof model.urls === 'object' && model.urls !== null, '`model` must be an address, { files } or { urls }')
  const urls = Object.entries(model.urls).map(([file, url]) => [file, absolute(`model.urls["${file}"]`, url)])
  return { urls: Object.fromEntries(urls) }
}

/** The address of a model that has one, or a name. @throws MaxsiftError INVALID_ARGUMENT */
export function namedModel(model: string | URL, hub?: string | URL): string {
  const base = hub === undefined ? undefined : absolute('hub', hub)
  return absolute('model', model instanceof URL ? model : modelAddress(model, base))
}

/** Hashes as hexadecimal digits. */
function readIntegrity(integrity: Readonly<Record<string, string>>): Record<string, string> {
  check(
    typeof integrity === 'object',
    '`integrity` must be hashes by path, such as { "model.safetensors": "sha256-…" }',
  )
  const hashes = Object.entries(integrity).map(([path, hash]) => {
    const isHash = typeof hash === 'string' && /^([\da-f]{64}|sha256-[\w+/]{43}=)$/i.test(hash)
    check(isHash, `\`integrity["${path}"]\` must be sha256- and base 64, or 64 hexadecimal digits`)
    if (!hash.includes('-')) return [path, hash.toLowerCase()]
    const bytes = Array.from(atob(hash.slice('sha256-'.length)), (byte) => byte.charCodeAt(0))
    return [path, bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('')]
  })
  return Object.fromEntries(hashes)
}

/** WebKit drops the path of a file in a chosen folder when the file is copied into a worker; its name is kept. */
function withPath(file: File): File {
  const path = file.webkitRelativePath
  if (!path || structuredClone(file).webkitRelativePath === path) return file
  const { type, lastModified } = file
  return new File([file], path.slice(path.indexOf('/') + 1), { type, lastModified })
}

/** @throws MaxsiftError INVALID_ARGUMENT naming the option */
export function readSearchOptions(options: SearchOptions): Omit<SearchOptions, 'signal'> {
  known('search', options, SEARCH)
  callOptions(options)
  const { signal: _, ...rest } = options
  const { limit = 0, offset = 0, passages = 1, explain = false, filter = {}, ids = [] } = options
  if (options.mode !== undefined) oneOf('mode', options.mode, ['auto', 'hybrid', 'semantic', 'lexical'])
  check(isCount(limit), '`limit` must be a whole number from 0')
  check(isCount(offset), '`offset` must be a whole number from 0')
  check(isCount(passages) && passages >= 1 && passages <= 8, '`passages` must be a whole number from 1 to 8')
  check(typeof explain === 'boolean', '`explain` must be true or false')
  check(
    typeof filter === 'object' && filter !== null && !Array.isArray(filter),
    '`filter` must be data such as { lang: "en" }, not a function',
  )
  if ('ids' in options && options.ids !== undefined) rest.ids = readIds('`ids`', ids)
  return rest
}

/** @throws MaxsiftError INVALID_ARGUMENT */
export function readIds(what: string, ids: Iterable<string>): string[] {
  check(typeof ids === 'object' && ids !== null && Symbol.iterator in ids, `${what} must be a list of ids`)
  const list = [...ids]
  check(
    list.every((id) => typeof id === 'string'),
    `${what} must be a list of strings`,
  )
  return list
}

/** @throws MaxsiftError INVALID_ARGUMENT */
export function callOptions({ signal, onProgress }: CallOptions): void {
  check(signal === undefined || signal instanceof AbortSignal, '`signal` must be an AbortSignal')
  check(onProgress === undefined || typeof onProgress === 'function', '`onProgress` must be a function')
}

/**
 * Relative addresses are those of the page, not of the script: the worker could not tell.
 * Without a page (Node) they stay as they are.
 */
export function absolute(option: string, address: string | URL): string {
  check(typeof address === 'string' || address instanceof URL, `\`${option}\` must be an address`)
  const base = globalThis.document?.baseURI ?? globalThis.location?.href
  if (base === undefined) return String(address)
  try {
    return new URL(address, base).href
  } catch (cause) {
    throw new MaxsiftError('INVALID_ARGUMENT', `\`${option}\` is not an address: ${address}`, { cause })
  }
}

function oneOf(option: string, value: unknown, allowed: readonly unknown[]): void {
  check(allowed.includes(value), `\`${option}\` must be one of ${allowed.map((each) => `'${each}'`).join(', ')}`)
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

const warned = new Set<string>()

/** An option that does not exist is most likely a slip of the pen: said once, then ignored. */
function known(call: string, options: object, allowed: readonly string[]): void {
  check(typeof options === 'object' && options !== null, `The options of ${call}() must be an object`)
  for (const option of Object.keys(options)) {
    if (allowed.includes(option) || warned.has(`${call} ${option}`)) continue
    warned.add(`${call} ${option}`)
    console.warn(`maxsift: ${call}() has no option \`${option}\`; it takes ${allowed.join(', ')}`)
  }
}
