import type { ErrorCode, MaxsiftError } from 'maxsift'

/** What went wrong, and what a person can do about it. The error's own words are for who writes a page. */
const TOLD: Partial<Record<ErrorCode, [what: string, remedy: string]>> = {
  DEVICE_LOST: ['The graphics device stopped.', 'Try again.'],
  OUT_OF_MEMORY: ['There is too little graphics memory.', 'Close other pages that use the graphics card, or add less.'],
  MODEL_FETCH_FAILED: ['The model could not be loaded.', 'Check the connection, then try again.'],
  MODEL_INVALID: ['The model is damaged.', 'Reload this page. If it stays, its files on the server are damaged.'],
  INTEGRITY_MISMATCH: ['A file of the model is not the one that this page asked for.', 'Reload this page.'],
  MODEL_MISMATCH: ['This index was made with another model.', 'Its documents have to be added again.'],
  INDEX_VERSION_MISMATCH: [
    'This index was made by another version of maxsift.',
    'Its documents have to be added again.',
  ],
  STORE_BLOCKED: ['Another tab holds an older version of this page.', 'Close it, then try again.'],
  STORE_QUOTA: ['There is no room left for this site.', 'Remove something, here or elsewhere on the disk, then go on.'],
  STORE_CORRUPT: ['The stored index is damaged.', 'Remove your documents here, then add them again.'],
  INVALID_INDEX_FILE: ['This file was not exported from maxsift, or it is damaged.', 'Choose another one.'],
}

/** An error in words. */
export function told(error: unknown): string {
  const { code, message, remedy } = error as Partial<MaxsiftError>
  const known = code && Object.hasOwn(TOLD, code) ? TOLD[code] : undefined
  if (known) return `${known.join(' ')} (${message})`
  return remedy ? `${message} ${remedy}` : String(message ?? error)
}
