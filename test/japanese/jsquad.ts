import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Splitter } from '../../src/text/words.ts'
import { digest, digests, golden, openTokenizer, shared } from './goldens.ts'

const texts = (file: string): string[] =>
  readFileSync(join(shared, 'corpora/jsquad', file), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).text)

/** Expects the ids of `BertJapaneseTokenizer` for every `step`-th question and passage of JSQuAD. */
export async function expectJSQuAD(morphemes: Splitter, step: number): Promise<void> {
  const { passages, questions, characters } = golden('jsquad')
  const wordPieces = await openTokenizer(morphemes)
  const single = await openTokenizer(morphemes, { subword_tokenizer_type: 'character' })
  for (const [file, expected, count, tokenizer] of [
    ['corpus.jsonl', passages, 1145, wordPieces],
    ['queries.jsonl', questions, 4442, wordPieces],
    ['queries.jsonl', characters, 4442, single],
  ] as const) {
    const all = texts(file)
    const wanted = digests(expected)
    expect([all.length, wanted.length]).toEqual([count, count])
    const differing = all.filter((text, i) => i % step === 0 && digest(tokenizer.tokenize(text).ids) !== wanted[i])
    expect(differing).toEqual([])
  }
}
