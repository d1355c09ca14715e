/** Letters whose stroke or ligature Unicode does not take apart, in lower case. */
const UNDIVIDED: Readonly<Record<string, string>> = { ø: 'o', ł: 'l', đ: 'd', ħ: 'h', ŧ: 't', æ: 'ae', œ: 'oe', ς: 'σ' }

const LETTERS = new RegExp(`[${Object.keys(UNDIVIDED).join('')}]`, 'gu')

// Marks that any letter may carry (accents, vowel points of Arabic, variation selectors) and Hebrew points. The marks of
// Indic scripts are vowels, and those of Kana make other letters.
const ACCENTS = /(?![\u3099\u309A])(?=[\p{Script=Inherited}\p{Script=Hebrew}])\p{M}/gu

/** Soft hyphen, word joiner, byte order mark, and the stroke that stretches Arabic words. */
const INVISIBLE = /[\u00AD\u2060\uFEFF\u0640]/g

// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII
const ASCII = /^[\x00-\x7F]*$/

/** Texts that differ in case, accents, width or ligatures alone become equal. Folding twice changes nothing more. */
export function fold(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase()
  return (
    text
      .normalize('NFKC')
      // By way of capitals, as ß is SS; and to those by way of small letters, as ẞ is one.
      .toLowerCase()
      .toUpperCase()
      .toLowerCase()
      .normalize('NFKD')
      .replace(ACCENTS, '')
      .replace(INVISIBLE, '')
      .replace(LETTERS, (letter) => UNDIVIDED[letter])
      .replace(/[’ʼ＇]/g, "'")
      .normalize('NFKC')
  )
}
