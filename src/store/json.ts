/** Readers of foreign JSON: each gives a value its type, or throws `Misfit` with the path of what does not fit. */

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }
export type JsonObject = { [key: string]: Json }

export class Misfit extends Error {}

const MAX_DEPTH = 64

export function object(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Misfit(`${path} is not an object`)
  return value as Record<string, unknown>
}

/** An own member, so that a missing `constructor` or `__proto__` is missing. */
export function member(value: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(value, key) ? value[key] : undefined
}

export function text(value: unknown, path: string): string {
  if (typeof value !== 'string') throw new Misfit(`${path} is not a string`)
  return value
}

export function optionalText(value: unknown, path: string): string | undefined {
  return value === undefined ? undefined : text(value, path)
}

/** A whole number from 0 to `max`. */
export function count(value: unknown, path: string, max = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > max) {
    throw new Misfit(`${path} is not a whole number from 0 to ${max}`)
  }
  return value
}

export function list<T>(value: unknown, path: string, item: (value: unknown, path: string) => T): T[] {
  if (!Array.isArray(value)) throw new Misfit(`${path} is not a list`)
  return value.map((entry, i) => item(entry, `${path}[${i}]`))
}

/**
 * A deep copy in which every object has no prototype, so that keys such as `__proto__` and `constructor` are plain keys.
 * Refuses what JSON cannot hold, and more than 64 levels, which would be a stack overflow for somebody later.
 */
export function json(value: unknown, path: string, depth = 0): Json {
  if (depth > MAX_DEPTH) throw new Misfit(`${path} is nested more than ${MAX_DEPTH} deep`)
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  if (Array.isArray(value)) return value.map((entry, i) => json(entry, `${path}[${i}]`, depth + 1))
  if (typeof value !== 'object') throw new Misfit(`${path} is not a JSON value`)
  const copy: JsonObject = Object.create(null)
  for (const [key, entry] of Object.entries(value)) copy[key] = json(entry, `${path}.${key}`, depth + 1)
  return copy
}

export function jsonObject(value: unknown, path: string): JsonObject {
  return json(object(value, path), path) as JsonObject
}
