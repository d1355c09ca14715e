/** `BertJapaneseTokenizer` of `transformers` 5, as far as it is MeCab with unidic-lite. */
import { MaxsiftError } from '../errors.ts'
import type { Splitter } from '../text/words.ts'
import { isObject, type Json, readText } from './read.ts'
import type { FileSource } from './source.ts'

/** Fetches the Japanese dictionary, for a tokenizer that needs it. */
export type OpenMorphemes = (signal?: AbortSignal) => Promise<Splitter>

/**
 * How the tokenizer normalises a text and splits it: NFKC, MeCab, then the white space in a word for WordPiece, or
 * characters (`models/bert_japanese/tokenization_bert_japanese.py`).
 * @throws MaxsiftError `MODEL_UNSUPPORTED` for other dictionaries and analysers
 */
export function japaneseSteps(config: Json, name: string): Pick<Json, 'normalizer' | 'pre_tokenizer'> {
  const mecab = isObject(config.mecab_kwargs) ? config.mecab_kwargs : {}
  const subwords = config.subword_tokenizer_type ?? 'wordpiece'
  const only = (what: string, value: unknown, wanted: unknown, remedy?: string) => {
    if (value === wanted) return
    const message = `${name}: a BertJapaneseTokenizer with ${what} ${JSON.stringify(value)} is not supported, only ${JSON.stringify(wanted)}`
    throw new MaxsiftError('MODEL_UNSUPPORTED', message, { remedy })
  }
  only('do_word_tokenize', config.do_word_tokenize ?? true, true)
  only('do_subword_tokenize', config.do_subword_tokenize ?? true, true)
  only('word_tokenizer_type', config.word_tokenizer_type ?? 'basic', 'mecab')
  only('mecab_kwargs.mecab_option', mecab.mecab_option || null, null)
  only('mecab_kwargs.normalize_text', mecab.normalize_text ?? true, true)
  only('do_lower_case', config.do_lower_case ?? false, false)
  // Not named, it was ipadic in transformers 4 and is unidic_lite in 5: the model may have been trained with either.
  only(
    'mecab_kwargs.mecab_dic',
    mecab.mecab_dic ?? null,
    'unidic_lite',
    'If the model was trained with unidic_lite, say so in tokenizer_config.json: "mecab_kwargs": {"mecab_dic": "unidic_lite"}.',
  )
  if (subwords !== 'character') only('subword_tokenizer_type', subwords, 'wordpiece')
  const pieces = { type: subwords === 'character' ? 'Characters' : 'PythonSplit' }
  return {
    normalizer: { type: 'NFKC' },
    pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'MeCab', dictionary: 'unidic_lite' }, pieces] },
  }
}

/** `vocab.txt`, one token a line, which may be a space. */
export async function readJapaneseVocabulary(source: FileSource, folder: string, signal?: AbortSignal): Promise<Json> {
  const text = await readText(source, `${folder}vocab.txt`, signal)
  if (text === null) throw new MaxsiftError('MODEL_INVALID', `${source.name} has no ${folder}vocab.txt`)
  const lines = text.split(/\r\n|\r|\n/)
  if (lines.at(-1) === '') lines.pop()
  return Object.fromEntries(lines.map((line, id) => [line, id]))
}

/** @throws MaxsiftError `MODEL_UNSUPPORTED` where no dictionary was given */
export function noMorphemes(name: string): MaxsiftError {
  return new MaxsiftError('MODEL_UNSUPPORTED', `${name} needs the Japanese dictionary: its tokenizer is MeCab`, {
    remedy: "Pass `japanese: japaneseDictionary()`, imported from 'maxsift/japanese'.",
  })
}
