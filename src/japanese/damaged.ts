import { type ErrorCode, MaxsiftError } from '../errors.ts'

export const damaged = (what: string, code: ErrorCode = 'MODEL_INVALID') =>
  new MaxsiftError(code, `The Japanese dictionary is damaged: ${what}.`, {
    remedy: 'Serve unidic-lite.bin as it comes with the package, beside japanese.js.',
  })
