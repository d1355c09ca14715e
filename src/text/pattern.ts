/** Regular expressions of a `tokenizer.json`: those of Oniguruma, in JavaScript's terms. */
import { unsupported } from './subwords.ts'

/** Assigned after the version of Unicode that the reference has (15.1); to it these are neither letters nor numbers. */
const LATER =
  String.raw`\u088f\u0c5c\u0cdc\u1acf-\u1add\u1ae0-\u1aeb\u20c1\u2b96\ua7ce\ua7cf\ua7d2\ua7d4\ua7f1\ufbc3-\ufbd2\ufd90` +
  String.raw`\ufd91\ufdc8-\ufdce\u{10940}-\u{10959}\u{10ec5}-\u{10ec7}\u{10ed0}-\u{10ed8}\u{10efa}\u{10efb}` +
  String.raw`\u{11b60}-\u{11b67}\u{11db0}-\u{11ddb}\u{11de0}-\u{11de9}\u{16ea0}-\u{16eb8}\u{16ebb}-\u{16ed3}` +
  String.raw`\u{16ff2}-\u{16ff6}\u{187f8}-\u{187ff}\u{18d09}-\u{18d1e}\u{18d80}-\u{18df2}\u{1ccfa}-\u{1ccfc}` +
  String.raw`\u{1ceba}-\u{1ced0}\u{1cee0}-\u{1cef0}\u{1e6c0}-\u{1e6de}\u{1e6e0}-\u{1e6f5}\u{1e6fe}\u{1e6ff}\u{1f6d8}` +
  String.raw`\u{1f777}-\u{1f77a}\u{1f8d0}-\u{1f8d8}\u{1fa54}-\u{1fa57}\u{1fa8a}\u{1fa8e}\u{1fac8}\u{1facd}\u{1faea}` +
  String.raw`\u{1faef}\u{1fbfa}\u{2b73a}-\u{2b73f}\u{2cea2}-\u{2cead}\u{323b0}-\u{33479}`

/** Other forms of letters that are equal where case does not count. */
const FOLDED: Readonly<Record<string, string>> = { k: '\u212a', s: '\u017f' }

/** One element of a pattern: a class by name, an escape, the beginning of a group, or a character. */
const ELEMENT = /\\[pP]\{(\w+)\}|\\([\s\S])|\(\?(?:i:|:|<?[!=])|[\s\S]/gu

/**
 * @returns the same expression, global
 * @throws MaxsiftError `MODEL_UNSUPPORTED` where it has something without an equal here
 */
export function readPattern(source: string): RegExp {
  const refused = () => unsupported('pattern', source)
  let result = ''
  let inClass = 0
  /** Open groups: whether case is folded in each, and whether something in it is repeated. */
  const groups: { folds: boolean; repeats: boolean }[] = []
  /** The group that ended just before. */
  let closed: (typeof groups)[number] | undefined
  for (const [all, name, escaped] of source.matchAll(ELEMENT)) {
    const folds = groups.some((group) => group.folds)
    const repeated = closed
    closed = undefined
    if (name !== undefined) {
      const known = `[\\p{${name}}--[${LATER}]]`
      result += all[1] === 'p' ? known : `[^${known}]`
    } else if (escaped !== undefined) {
      if (escaped === 's' || escaped === 'S') result += `\\${escaped === 's' ? 'p' : 'P'}{White_Space}`
      else if (escaped === 'd') result += `[\\p{Nd}--[${LATER}]]`
      else if (/[rnt]/.test(escaped)) result += all
      else if (/[\p{L}\p{N}]/u.test(escaped)) throw refused()
      else result += literal(escaped)
    } else if (inClass > 0) {
      if (all === '[' || all === '&' || (all === '^' && !result.endsWith('['))) throw refused()
      if (all === ']') inClass--
      // A hyphen makes a range; alone at an end it stands for itself, which here it must say.
      const range = all === '-' && !result.endsWith('[') && !result.endsWith('[^')
      if (range && folds) throw refused()
      result += all === '^' || all === ']' || range ? all : folds ? fold(all) : literal(all)
    } else if (all === '[') {
      inClass++
      result += all
    } else if (all.startsWith('(')) {
      groups.push({ folds: all === '(?i:', repeats: false })
      result += all === '(?i:' ? '(?:' : all
    } else if (all === ')') {
      closed = groups.pop()
      if (closed?.repeats) for (const group of groups) group.repeats = true
      result += all
    } else if (all === '.') result += '[^\\n]'
    else if (all === '^' || all === '$') throw refused()
    else if ('|?*+{},'.includes(all)) {
      // `(x+x+)+y` can take longer than anybody waits; Oniguruma gives up, JavaScript does not.
      if (repeated?.repeats && '*+{'.includes(all)) throw refused()
      if ('*+'.includes(all)) for (const group of groups) group.repeats = true
      result += all
    } else result += folds ? `[${fold(all)}]` : literal(all)
  }
  try {
    return new RegExp(result, 'gv')
  } catch {
    throw refused()
  }
}

const literal = (char: string) =>
  /[\s\p{P}\p{S}]/u.test(char) ? `\\u{${(char.codePointAt(0) as number).toString(16)}}` : char

const fold = (char: string) =>
  /[a-z]/i.test(char) ? char.toLowerCase() + char.toUpperCase() + (FOLDED[char.toLowerCase()] ?? '') : literal(char)
