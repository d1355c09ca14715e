import type { DocumentInput, PassageInput } from 'maxsift'

/**
 * UTF-16 units of text that one document holds at most. A hit is a document, so a book in one piece would be a poor one;
 * and its token vectors have to fit one segment of the store.
 */
export const PART_UNITS = 200_000

/** A document that is too long for one, as several: cut between sections where it can be, and numbered. */
export function parts(document: DocumentInput, limit = PART_UNITS): DocumentInput[] {
  const sections: PassageInput[] = (document.passages ?? [document.text ?? '']).map((each) =>
    typeof each === 'string' ? { text: each } : each,
  )
  if (sections.reduce((sum, { text }) => sum + text.length, 0) <= limit) return [document]
  const groups: PassageInput[][] = []
  let room = 0
  for (const section of sections) {
    for (const text of pieces(section.text, limit)) {
      if (text.length > room) {
        groups.push([])
        room = limit
      }
      groups.at(-1)!.push({ ...section, text })
      room -= text.length
    }
  }
  const { text: _, passages: __, ...rest } = document
  return groups.map((passages, i) => ({
    ...rest,
    id: i === 0 ? document.id : `${document.id}#${i + 1}`,
    title: `${document.title ?? document.id} (part ${i + 1} of ${groups.length})`,
    passages,
  }))
}

/** A text in pieces of at most so many units, cut at a blank line, a line's end or a space. */
function* pieces(text: string, limit: number): Generator<string> {
  let from = 0
  while (text.length - from > limit) {
    const end = from + limit
    const at = ['\n\n', '\n', ' ']
      .map((gap) => text.lastIndexOf(gap, end - gap.length) + gap.length)
      .find((at) => at > from + limit / 2)
    // Never between the halves of a pair.
    const half = /[\udc00-\udfff]/.test(text[end]) ? end - 1 : end
    yield text.slice(from, at ?? half)
    from = at ?? half
  }
  yield text.slice(from)
}
