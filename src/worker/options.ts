import { check, MaxsiftError } from '../errors.ts'
import type { OpenOptions } from '../search/service.ts'
import type { CallOptions, CreateIndexOptions, ModelOption, SearchOptions } from '../search/types.ts'

const CALL = ['signal', 'onProgress']
const CREATE = ['name', 'model', 'source', 'store', 'backend', 'worker', 'dtype', 'codec', 'splitPassages', ...CALL]
const SEARCH = ['limit', 'offset', 'filter', 'ids', 'passages', 'explain', 'signal']

/** @throws MaxsiftError INVALID_ARGUMENT naming the option */
export function readCreateOptions(options: CreateIndexOptions): OpenOptions {
  known('createIndex', options, CREATE)
  callOptions(options)
  const { model, backend = 'auto', store = 'indexeddb', dtype, codec = 'int8', splitPassages = true } = options
  const source = options.source === undefined ? undefined : absolute('source', options.source)
  // Two ready-made indexes without a name are two indexes.
  const name = options.name ?? source ?? 'default'
  check(typeof name === 'string' && name !== '', '`name` must be a string that is not empty')
  oneOf('store', store, ['indexeddb', 'memory'])
  oneOf('backend', backend, ['auto', 'webgpu'])
  if (dtype !== undefined) oneOf('dtype', dtype, ['f16'])
  oneOf('codec', codec, ['f32', 'f16', 'int8'])
  check(typeof splitPassages === 'boolean', '`splitPassages` must be true or false')
  return { name, model: model === undefined ? undefined : readModel(model), source, store, dtype, codec, splitPassages }
}

function readModel(model: ModelOption): OpenOptions['model'] {
  if (typeof model === 'string' || model instanceof URL) return absolute('model', model)
  check(typeof model === 'object' && model !== null, '`model` must be an address, { files } or { urls }')
  if ('files' in model) {
    const files = Array.from(model.files ?? [])
    check(files.length > 0 && files.every((file) => file instanceof File), '`model.files` must be a list of files')
    return { files: files.map(withPath) }
  }
  check(typeof model.urls === 'object' && model.urls !== null, '`model` must be an address, { files } or { urls }')
  const urls = Object.entries(model.urls).map(([file, url]) => [file, absolute(`model.urls["${file}"]`, url)])
  return { urls: Object.fromEntries(urls) }
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
