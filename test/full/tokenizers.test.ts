/** Tokenizers of other families than BERT's on the command line. */
import { rmSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { gpuMissing } from '../gpu.ts'
import { cli } from '../node/cli.ts'
import { familyGolden, writeFamilyCheckpoint } from '../text/family-checkpoint.ts'

const missing = await gpuMissing()

describe.skipIf(missing)(`tokenizers on the command line${missing ? ` (not run: ${missing})` : ''}`, () => {
  it.each(['unigram-xlmr', 'bpe-roberta', 'bpe-modern'])('%s: ids of the reference', async (name) => {
    const { cases, tokenizer } = familyGolden(name)
    const [first, last] = [tokenizer.post_processor.cls?.[1], tokenizer.post_processor.sep?.[1]]
    const model = writeFamilyCheckpoint(name)
    const wanted = cases.filter(
      ([text, ids]: [string, number[]]) => text !== '' && !text.startsWith('\0') && ids.length < 100,
    )
    try {
      const texts = wanted.map(([text]: [string]) => text)
      const { code, lines, notes } = await cli('encode', '--document', '--model', model, '--', ...texts)
      expect([code, notes.includes('not supported')]).toEqual([0, false])
      expect(lines.map(({ ids }) => ids.slice(1, -1))).toEqual(wanted.map(([, ids]: [string, number[]]) => ids))
      if (first !== undefined) expect([lines[0].ids[0], lines[0].ids.at(-1)]).toEqual([first, last])
    } finally {
      rmSync(model, { recursive: true })
    }
  })
})
