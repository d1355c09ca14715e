import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { dictionaryAddress } from '../../src/japanese/address.ts'
import { open } from '../../src/japanese/morphemes.ts'
import { loadTokenizer } from '../../src/model/tokenizer-files.ts'
import { folderSource, openFile } from '../../src/node/folder-source.ts'
import { Tokenizer } from '../../src/text/tokenizer.ts'
import type { Splitter } from '../../src/text/words.ts'

const here = import.meta.dirname

export const readJson = (path: string) => JSON.parse(readFileSync(path, 'utf8'))

export const golden = (name: string) => readJson(join(here, '../goldens/japanese', `${name}.json`))

/** The project's shared material. */
export const shared = join(here, '../../../shared')
export const checkpoint = join(shared, 'checkpoints/bert-base-japanese-v3')
export const missing = existsSync(checkpoint) ? null : `the vocabulary is missing: ${checkpoint}`

let morphemes: Promise<Splitter> | undefined

/** The splitter over the committed dictionary. */
export function openMorphemes(): Promise<Splitter> {
  morphemes ??= open(dictionaryAddress(), { open: (url) => openFile(fileURLToPath(url)) })
  return morphemes
}

/** The tokenizer of bert-base-japanese-v3, or one that differs from it in its configuration or its vocabulary. */
export async function openTokenizer(
  morphemes: Splitter,
  changes: Record<string, unknown> = {},
  vocabulary?: string,
): Promise<Tokenizer> {
  const folder = folderSource(checkpoint)
  const config = { ...readJson(join(checkpoint, 'tokenizer_config.json')), ...changes }
  const texts = new Map([['tokenizer_config.json', JSON.stringify(config)]])
  if (vocabulary) texts.set('vocab.txt', vocabulary)
  const source = {
    name: 'bert-base-japanese-v3',
    open: async (path: string) => {
      const text = texts.get(path)
      return text === undefined ? folder.open(path) : { size: null, body: new Blob([text]).stream() }
    },
  }
  return new Tokenizer(await loadTokenizer(source, '', {}, { japanese: async () => morphemes }))
}

/** As make.py has it. */
export const digest = (values: readonly (string | number)[]) =>
  createHash('sha256').update(values.join()).digest('hex').slice(0, 8)

/** The digests of a list of texts that make.py wrote one after another. */
export const digests = (all: string): string[] => all.match(/.{8}/g) ?? []

/** The words of a text, brought into NFKC. */
export function wordsOf(split: Splitter, text: string): string[] {
  const words: string[] = []
  const normal = text.normalize('NFKC')
  split(normal, 0, normal.length, (from, to) => words.push(normal.slice(from, to)))
  return words
}

/** The checkpoint of make_checkpoint.py. */
export const jacolbert = join(here, '../goldens/japanese/jacolbert')
