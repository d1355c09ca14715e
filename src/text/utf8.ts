const encoder = new TextEncoder()

/** Bytes of a text; halves of surrogate pairs become U+FFFD. */
export const utf8 = (text: string): Uint8Array => encoder.encode(text)

/** Bytes that a code point takes. */
export const utf8Length = (code: number) => (code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4)
