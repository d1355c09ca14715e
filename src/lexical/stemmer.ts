/**
 * A light stemmer for English: plurals, past forms and -ing, and final y. The first step (1a, 1b, 1c) of
 * M. F. Porter, "An algorithm for suffix stripping", Program 14(3), 1980; derivational endings stay.
 * @param word In lower case.
 */
export function stem(word: string): string {
  if (word.length < 3 || !/^[a-z]+$/.test(word)) return word
  return finalY(pastForms(plural(word)))
}

function plural(word: string): string {
  if (/(?:ss|i)es$/.test(word)) return word.slice(0, -2)
  return /[^s]s$/.test(word) ? word.slice(0, -1) : word
}

function pastForms(word: string): string {
  if (word.endsWith('eed')) return length(word.slice(0, -3)) > 0 ? word.slice(0, -1) : word
  const bare = word.replace(/(?:ed|ing)$/, '')
  if (bare === word || !hasVowel(bare)) return word
  if (/(?:at|bl|iz)$/.test(bare)) return `${bare}e`
  if (/([^aeioulsz])\1$/.test(bare)) return bare.slice(0, -1)
  return length(bare) === 1 && endsShort(bare) ? `${bare}e` : bare
}

const finalY = (word: string) => (word.endsWith('y') && hasVowel(word.slice(0, -1)) ? `${word.slice(0, -1)}i` : word)

/** `c` and `v` for consonants and vowels; y is a vowel after a consonant. */
function shape(word: string): string {
  let kinds = ''
  for (const letter of word) kinds += /[aeiou]/.test(letter) || (letter === 'y' && kinds.endsWith('c')) ? 'v' : 'c'
  return kinds
}

const hasVowel = (word: string) => shape(word).includes('v')

/** Porter's m: how many runs of vowels are followed by consonants. */
const length = (word: string) => shape(word).match(/v+c+/g)?.length ?? 0

/** Porter's *o: consonant, vowel, consonant other than w, x, y. */
const endsShort = (word: string) => shape(word).endsWith('cvc') && !/[wxy]$/.test(word)
