/** Enough to meet a NUL in any common binary format. */
const LOOKED_AT = 8_192

/**
 * The text of a file: UTF-8, or UTF-16 that says so with a byte order mark; the mark is no part of it.
 * @returns null for what is not text.
 */
export function decodeText(bytes: Uint8Array): string | null {
  const [first, second] = bytes
  const encoding =
    first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8'
  if (encoding === 'utf-8' && bytes.subarray(0, LOOKED_AT).includes(0)) return null
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch {
    return null
  }
}

/** A text without any structure that we know of: kept as it is, but for a byte order mark. */
export function parseText(source: string): { text: string } {
  return { text: source.startsWith('\ufeff') ? source.slice(1) : source }
}
