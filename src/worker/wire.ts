import { type ErrorCode, MaxsiftError, type UnavailableReason } from '../errors.ts'
import type { Service } from '../search/service.ts'
import type { IndexEvents, Progress } from '../search/types.ts'

/** Grows with every change of the messages below: a page and a cached worker script of another version must not talk. */
export const PROTOCOL = 4

export type Method = Exclude<keyof Service, 'onEvent'>

/** From the caller. `item`, `done` and `failed` each answer one `pull`. */
export type Request =
  | { kind: 'hello' }
  | { kind: 'call'; id: number; method: Method; args: unknown[]; items: boolean }
  | { kind: 'abort'; id: number }
  | { kind: 'item'; id: number; item: unknown }
  | { kind: 'done'; id: number }
  | { kind: 'failed'; id: number; error: WireError }

/** From the service. `fault` is a failure that belongs to no call that we could name. */
export type Reply =
  | { kind: 'ready'; protocol: number }
  | { kind: 'value'; id: number; value: unknown }
  | { kind: 'error'; id: number; error: WireError }
  | { kind: 'progress'; id: number; progress: Progress }
  | { kind: 'pull'; id: number }
  | { kind: 'event'; handle: number; type: keyof IndexEvents; detail: unknown }
  | { kind: 'fault'; message: string }

/** A dedicated worker's own scope, a `Worker`, or a `MessagePort`. */
export interface Port {
  postMessage(message: unknown): void
  addEventListener(type: string, listener: (event: Event) => void): void
  /** A port holds its messages back until it is started; workers have no such method. */
  start?(): void
}

/** What is kept of an error: structured cloning drops `code` and every other field of ours. */
export interface WireError {
  name: string
  message: string
  stack?: string
  dom?: boolean
  code?: ErrorCode
  remedy?: string
  reason?: UnavailableReason
  detail?: Record<string, unknown>
  cause?: WireError
}

/** @param depth Causes kept; a chain may be a circle. */
export function packError(error: unknown, depth = 8): WireError {
  if (!(error instanceof Error || isDomException(error))) return { name: 'Error', message: String(error) }
  const { name, message, stack } = error
  const wire: WireError = { name, message, stack }
  if (isDomException(error)) wire.dom = true
  if (error instanceof MaxsiftError) {
    wire.code = error.code
    wire.remedy = error.remedy
    wire.reason = error.reason
    if (error.detail && uncloneable(error.detail) === null) wire.detail = error.detail
  }
  if (error.cause !== undefined && depth > 0) wire.cause = packError(error.cause, depth - 1)
  return wire
}

export function unpackError({ name, message, stack, dom, code, remedy, reason, detail, cause }: WireError): Error {
  const options = cause && { cause: unpackError(cause) }
  if (code) return new MaxsiftError(code, message, { ...options, remedy, reason, detail })
  if (dom) return new DOMException(message, name)
  const error = new Error(message, options)
  error.name = name
  if (stack) error.stack = stack
  return error
}

/** Not every DOMException is an Error in every browser. */
function isDomException(error: unknown): error is DOMException {
  return typeof DOMException !== 'undefined' && error instanceof DOMException
}

/** Null when the value can be sent; else the field of it that is to blame, '' where it is the value itself. */
export function uncloneable(value: unknown): string | null {
  if (clones(value)) return null
  const fields = typeof value === 'object' && value !== null ? Object.entries(value) : []
  return fields.find(([, part]) => !clones(part))?.[0] ?? ''
}

function clones(value: unknown): boolean {
  try {
    structuredClone(value)
    return true
  } catch {
    return false
  }
}
