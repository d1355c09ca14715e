/** `maxsift/japanese`: where a page finds the Japanese dictionary. */
import type { JapaneseOption } from '../search/types.ts'
import { dictionaryAddress } from './address.ts'

export type { JapaneseOption }

/**
 * What `createIndex({ japanese })` takes, for checkpoints whose tokenizer is `BertJapaneseTokenizer` with MeCab and
 * unidic-lite. Nothing is fetched before such a checkpoint is opened.
 * @param dictionary Where unidic-lite.bin is served (4.1 MB), if not where the bundler put it.
 */
export function japaneseDictionary(dictionary: string | URL = dictionaryAddress()): JapaneseOption {
  // Bundlers know this form and copy the file; it needs nothing beside it.
  const engine = new URL('./morphemes.ts', import.meta.url).href
  return { engine, dictionary: String(dictionary) }
}
