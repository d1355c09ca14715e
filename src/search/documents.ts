import { MaxsiftError } from '../errors.ts'
import { checksum } from '../store/blob.ts'
import { type JsonObject, jsonObject, Misfit } from '../store/json.ts'
import type { NewDocument, Section } from '../store/texts.ts'

/**
 * Checks what a caller gave as a document and brings it into the form that is stored: one text, and the starts of the
 * sections that no passage may cross.
 * @param position In the iterable of `add`, for the message.
 * @throws MaxsiftError `INVALID_ARGUMENT` naming the position and the field.
 */
export async function readDocument(input: unknown, position: number): Promise<NewDocument> {
  const fail = (what: string): never => {
    throw new MaxsiftError('INVALID_ARGUMENT', `Document ${position}: ${what}.`, { detail: { position } })
  }
  if (typeof input !== 'object' || input === null) fail('is not an object')
  const given = input as Record<string, unknown>
  const optional = (field: string): string | undefined => {
    const value = Object.hasOwn(given, field) ? given[field] : undefined
    if (value === undefined || value === null) return undefined
    return typeof value === 'string' ? value : fail(`${field} must be a string`)
  }
  const id = optional('id') ?? fail('id must be a string')
  if (id === '') fail('id must not be empty')
  const { text, sections } = readText(given, optional('text'), fail)
  const title = optional('title')
  const url = optional('url')
  let meta: JsonObject | undefined
  try {
    if (given.meta !== undefined && given.meta !== null) meta = jsonObject(given.meta, 'meta')
  } catch (error) {
    if (!(error instanceof Misfit)) throw error
    fail(error.message)
  }
  // JSON escapes lone surrogates, which UTF-8 alone would turn into one and the same replacement character.
  const hash = await checksum(new TextEncoder().encode(JSON.stringify([id, title, url, meta, sections, text])))
  return { id, hash, title, url, meta, sections, text }
}

function readText(
  given: Record<string, unknown>,
  text: string | undefined,
  fail: (what: string) => never,
): { text: string; sections?: Section[] } {
  const { passages } = given
  if (passages === undefined || passages === null) return { text: text ?? fail('has neither text nor passages') }
  if (text !== undefined) fail('has both text and passages; give one of them')
  if (!Array.isArray(passages)) return fail('passages must be a list')
  const sections: Section[] = []
  let joined = ''
  passages.forEach((passage, i) => {
    const { text, heading, anchor } = typeof passage === 'string' ? { text: passage } : (passage ?? {})
    if (typeof text !== 'string') fail(`passages[${i}] must be a string or { text, heading?, anchor? }`)
    const section: Section = { start: joined.length }
    if (heading !== undefined && heading !== null) section.heading = String(heading)
    if (anchor !== undefined && anchor !== null) section.anchor = String(anchor)
    sections.push(section)
    joined += `${text}\n`
  })
  return { text: joined, sections }
}
