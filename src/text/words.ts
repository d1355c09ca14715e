/** Splitting of a normalised text into the words that are looked up piece by piece ("pre-tokenization"). */
import { MaxsiftError } from '../errors.ts'
import { isNumeric, isPunctuation, isSeparator, isWhiteSpace, isWord } from './unicode.ts'

/** Calls `emit` with the range of each word of `text` between `from` and `to`, in order. */
export type Splitter = (text: string, from: number, to: number, emit: (from: number, to: number) => void) => void

/** What becomes of the characters of a class: dropped, a word each, or a word for each run of them. */
type Fate = 'drop' | 'single' | 'run'

/**
 * @param config the `pre_tokenizer` of a `tokenizer.json`
 * @param morphemes what stands for the type `MeCab`
 * @throws MaxsiftError `MODEL_UNSUPPORTED` for one that is not listed here
 */
export function createSplitter(config: unknown, morphemes?: Splitter): Splitter {
  if (config === null || config === undefined) return (_, from, to, emit) => emit(from, to)
  const { type, ...options } = config as Record<string, unknown>
  switch (type) {
    case 'BertPreTokenizer':
      return byClass([
        [isWhiteSpace, 'drop'],
        [isPunctuation, 'single'],
      ])
    case 'Whitespace':
      return byClass([
        [isWhiteSpace, 'drop'],
        [isWord, 'run'],
      ])
    case 'WhitespaceSplit':
      return byClass([[isWhiteSpace, 'drop']])
    case 'Digits':
      return byClass([[isNumeric, options.individual_digits ? 'single' : 'run']])
    case 'Punctuation':
      if ((options.behavior ?? 'Isolated') !== 'Isolated') break
      return byClass([[isPunctuation, 'single']])
    // These three are ours: what BertJapaneseTokenizer does, which has no tokenizer.json.
    case 'MeCab':
      if (!morphemes) break
      return morphemes
    case 'PythonSplit':
      return byClass([[(c) => isWhiteSpace(c) || isSeparator(c), 'drop']])
    case 'Characters':
      return byClass([[() => true, 'single']])
    case 'Sequence':
      return ((options.pretokenizers as unknown[] | undefined) ?? [])
        .map((each) => createSplitter(each, morphemes))
        .reduce(
          (first, second) => (text, from, to, emit) =>
            first(text, from, to, (start, end) => second(text, start, end, emit)),
          createSplitter(null),
        )
  }
  throw new MaxsiftError(
    'MODEL_UNSUPPORTED',
    `tokenizer.json: the pre-tokenizer ${JSON.stringify(config)} is not supported`,
  )
}

/** The first class that a character belongs to decides; all other characters form runs of their own. */
function byClass(classes: [(c: string) => boolean, Fate][]): Splitter {
  const fates: Fate[] = [...classes.map(([, fate]) => fate), 'run']
  const known = new Map<string, number>()
  const classOf = (c: string) => {
    let found = known.get(c)
    if (found === undefined) {
      found = classes.findIndex(([belongs]) => belongs(c))
      if (found < 0) found = classes.length
      known.set(c, found)
    }
    return found
  }
  return (text, from, to, emit) => {
    let start = from
    let running = -1
    for (let at = from; at < to; ) {
      const code = text.codePointAt(at) as number
      const next = at + (code > 0xffff ? 2 : 1)
      const found = classOf(code > 0xffff ? text.slice(at, next) : text[at])
      if (found !== running) {
        if (running >= 0) emit(start, at)
        start = at
        running = fates[found] === 'run' ? found : -1
        if (fates[found] === 'single') emit(at, next)
      }
      at = next
    }
    if (running >= 0) emit(start, to)
  }
}
