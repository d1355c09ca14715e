/**
 * Every failure that a caller can act on: a stable code and what to do about it.
 * The remedy is the general one; `message` says what happened in this case.
 */
export const REMEDIES = {
  WEBGPU_UNAVAILABLE:
    'Use a browser with WebGPU (Chrome or Edge 113+, Safari 26+, Firefox 141+) on a secure (https or localhost) page.',
  ONNX_UNAVAILABLE: 'Install ONNX Runtime (npm install onnxruntime-node), or use a machine with a GPU.',
  LEXICAL_UNAVAILABLE: "Serve lexical.js beside index.js, or search with `mode: 'semantic'`.",
  DEVICE_LOST: 'Call again: the next call asks for a new GPU device.',
  OUT_OF_MEMORY: 'Index fewer documents, use the int8 codec, or close other pages that use the GPU.',
  MODEL_FETCH_FAILED: 'Check the address of the model and that the server allows this page to read it (CORS).',
  MODEL_INVALID: 'The model files are damaged or do not fit together; download or export the checkpoint again.',
  MODEL_UNSUPPORTED:
    'Use a checkpoint of a BERT, DistilBERT, RoBERTa, XLM-RoBERTa or ModernBERT encoder with a safetensors file.',
  INTEGRITY_MISMATCH: 'The file is not the one that was asked for; fetch it again from its publisher.',
  MODEL_MISMATCH: 'Open the index with the model that built it, or build the index again with this model.',
  INDEX_VERSION_MISMATCH:
    'Build the index again with this version of maxsift, or open it with the version that built it.',
  STORE_BLOCKED: 'Close other tabs that hold an older version of this page, then try again.',
  STORE_QUOTA: 'Free some storage for this site; everything committed before is still there and searchable.',
  STORE_LOST: 'The browser closed the storage of this site; reload the page.',
  STORE_CORRUPT: 'Remove the index and build it again; the damaged part cannot be read.',
  INVALID_INDEX_FILE: 'Pass a file made by index.export() or a folder made by `maxsift index`.',
  INVALID_ARGUMENT: 'Correct the argument named in the message.',
} as const

export type ErrorCode = keyof typeof REMEDIES

/** Why WebGPU cannot be used; only on `WEBGPU_UNAVAILABLE`. */
export type UnavailableReason = 'insecure-context' | 'no-api' | 'no-adapter' | 'limits'

export interface MaxsiftErrorOptions {
  cause?: unknown
  /** Overrides the general remedy of the code. */
  remedy?: string
  reason?: UnavailableReason
  /** Further facts, such as `{ position, committed }` of an invalid document. */
  detail?: Record<string, unknown>
}

/** The one error class of the package. `code` is stable; `message` and `remedy` are for people. */
export class MaxsiftError extends Error {
  override readonly name = 'MaxsiftError'
  readonly code: ErrorCode
  readonly remedy: string
  readonly reason?: UnavailableReason
  readonly detail?: Record<string, unknown>

  constructor(code: ErrorCode, message: string, options: MaxsiftErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.remedy = options.remedy ?? REMEDIES[code]
    if (options.reason) this.reason = options.reason
    if (options.detail) this.detail = options.detail
  }

  /** Scripts that are built by themselves have a copy of this class each; an error of one is an error of all. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return (value as Error | null)?.name === 'MaxsiftError'
  }
}

/** Throws `INVALID_ARGUMENT` unless the condition holds. */
export function check(condition: unknown, message: string): asserts condition {
  if (!condition) throw new MaxsiftError('INVALID_ARGUMENT', message)
}
