import type { ErrorCode, MaxsiftError, Progress, UnavailableReason } from '../index.ts'

/** What the element says. */
export interface Told {
  /** What happened, for somebody who visits the page. */
  what: string
  remedy: string
  /** What the error itself says, for whoever runs the site. */
  detail: string
}

const AGAIN = 'Check the connection, then try again.'
const OWNER = 'If this stays after a reload, tell those who run this site.'

/** Without a remedy, that of the error is told. */
const FAILURES: Partial<Record<ErrorCode, [what: string, remedy?: string]>> = {
  DEVICE_LOST: ['The graphics device stopped while searching.', 'Try again.'],
  OUT_OF_MEMORY: [
    'There is too little graphics memory for this search.',
    'Close other pages and programs that use the graphics card, then try again.',
  ],
  MODEL_FETCH_FAILED: ['The search model could not be loaded.', AGAIN],
  MODEL_INVALID: ['The search model is damaged.', OWNER],
  MODEL_UNSUPPORTED: ['The search model is of a kind that cannot be used.', OWNER],
  INTEGRITY_MISMATCH: ['What was loaded is not what this site published.', OWNER],
  MODEL_MISMATCH: ['The index was made with another search model.', OWNER],
  INDEX_VERSION_MISMATCH: ['The index was made by another version of this search.', `Reload the page. ${OWNER}`],
  STORE_BLOCKED: ['Another tab holds an older version of this page.'],
  STORE_QUOTA: ['The storage of this device is full.'],
  STORE_LOST: ['The browser closed the storage of this site.'],
  STORE_CORRUPT: ['The stored index is damaged.'],
  INVALID_INDEX_FILE: ['The index could not be read.', OWNER],
}

const UNAVAILABLE: Record<UnavailableReason, [what: string, remedy?: string]> = {
  'insecure-context': [
    'Searching needs a secure page.',
    'Open this page by an address that begins with https: (or at localhost).',
  ],
  'no-api': ['This browser cannot search here: it has no WebGPU.'],
  'no-adapter': [
    'The browser found no graphics adapter to search with.',
    'Turn on hardware acceleration in the settings of the browser, update the graphics driver, or use another browser.',
  ],
  limits: ['The graphics adapter of this device is too small for this search.', 'Use another browser or device.'],
}

/** Errors of another copy of the package are told alike, so by their code and not by their class. */
export function told(error: unknown): Told {
  const { code, reason, message, remedy } = error as Partial<MaxsiftError>
  const [what, ours] = (code === 'WEBGPU_UNAVAILABLE' && reason ? UNAVAILABLE[reason] : code && FAILURES[code]) ?? [
    'The search failed.',
  ]
  return { what, remedy: ours ?? remedy ?? 'Try again.', detail: message || String(error) }
}

const STAGES: Record<Progress['stage'], string> = {
  model: 'Loading the search model',
  index: 'Loading the index',
  encode: 'Reading documents',
}

export const stageOf = ({ stage }: Progress): string => STAGES[stage]

/** How far a stage is, such as `12 of 23 MB`. */
export function amount({ stage, loaded, total }: Progress): string {
  if (stage === 'encode') return total === null ? `${loaded}` : `${loaded} of ${total}`
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(Math.max(loaded, total ?? 0) < 1e7 ? 1 : 0)
  return total === null ? `${megabytes(loaded)} MB` : `${megabytes(loaded)} of ${megabytes(total)} MB`
}

/** What is found, in one line. */
export function outcome(hits: number, total: number, filtered: boolean): string {
  if (hits > 0) return hits < total ? `The best ${hits} of ${total} documents` : documents(hits)
  if (total > 0) return 'Nothing found'
  return filtered ? 'No document passes the filter' : 'There are no documents to search'
}

const REASONS: Record<UnavailableReason, string> = {
  'insecure-context': 'search by meaning needs an address that begins with https:',
  'no-api': 'this browser has no WebGPU',
  'no-adapter': 'the browser found no graphics adapter',
  limits: 'the graphics adapter is too small for the model',
}

/** What is said of hits that were found without the model. @param error Why it cannot be run, where that is known */
export function byWords(pending: boolean, error: unknown): string {
  if (pending) return 'found by their words; search by meaning is loading'
  const { reason } = (error ?? {}) as Partial<MaxsiftError>
  return `found by their words alone${reason ? `: ${REASONS[reason]}` : ''}`
}

const documents = (count: number) => (count === 1 ? '1 document' : `${count} documents`)
