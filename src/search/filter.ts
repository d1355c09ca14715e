import { MaxsiftError } from '../errors.ts'
import type { Filter, FilterRange, FilterValue } from './types.ts'

/** Says whether a document's metadata passes. */
export type Predicate = (meta: Readonly<Record<string, unknown>> | undefined) => boolean

/**
 * Compiles a filter. Metadata is read by own keys only, so that `constructor` or `__proto__` are fields like any other.
 * @throws MaxsiftError `INVALID_ARGUMENT` naming the field.
 */
export function compileFilter(filter: Filter): Predicate {
  if (typeof filter !== 'object' || filter === null || Array.isArray(filter)) {
    throw invalid('filter must be an object of fields, such as { lang: "en" }')
  }
  const tests = Object.entries(filter).map(([field, condition]) => {
    const test = compileCondition(field, condition)
    return (meta: Readonly<Record<string, unknown>> | undefined) => {
      const value = meta !== undefined && Object.hasOwn(meta, field) ? meta[field] : null
      return test(value)
    }
  })
  return (meta) => tests.every((test) => test(meta))
}

type Test = (value: unknown) => boolean

function compileCondition(field: string, condition: Filter[string]): Test {
  if (isValue(condition)) return anyOf([condition])
  if (Array.isArray(condition)) return anyOf(values(field, condition))
  if (typeof condition !== 'object' || condition === null) {
    throw invalid(
      `filter.${field} must be a value, a list of values, or { gte, lte, not }; filters are data, never functions`,
    )
  }
  const tests: Test[] = Object.entries(condition as FilterRange).map(([operator, bound]) => {
    switch (operator) {
      case 'gte':
        return compare(field, operator, bound, (value, limit) => value >= limit)
      case 'lte':
        return compare(field, operator, bound, (value, limit) => value <= limit)
      case 'not': {
        const test = anyOf(isValue(bound) ? [bound] : values(field, bound))
        return (value) => !test(value)
      }
      default:
        throw invalid(`filter.${field} has the unknown operator "${operator}"; known are gte, lte and not`)
    }
  })
  return (value) => tests.every((test) => test(value))
}

/** A list in the document matches when one of its members does; a missing field matches null. */
function anyOf(wanted: readonly FilterValue[]): Test {
  const set = new Set<unknown>(wanted)
  return (value) => (Array.isArray(value) ? value.some((member) => set.has(member)) : set.has(value ?? null))
}

function compare(
  field: string,
  operator: string,
  bound: unknown,
  holds: (value: string | number, bound: string | number) => boolean,
): Test {
  if (typeof bound !== 'string' && !(typeof bound === 'number' && !Number.isNaN(bound))) {
    throw invalid(`filter.${field}.${operator} must be a number or a string`)
  }
  const test = (value: unknown) => typeof value === typeof bound && holds(value as string | number, bound)
  return (value) => (Array.isArray(value) ? value.some(test) : test(value))
}

function values(field: string, list: unknown): readonly FilterValue[] {
  if (!Array.isArray(list) || !list.every(isValue)) {
    throw invalid(`filter.${field} must list strings, numbers, booleans or null`)
  }
  return list
}

function isValue(value: unknown): value is FilterValue {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

function invalid(message: string): MaxsiftError {
  return new MaxsiftError('INVALID_ARGUMENT', message)
}
