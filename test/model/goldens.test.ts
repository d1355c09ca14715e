import { describe, expect, it } from 'vitest'
import { openCheckpoint } from '../../src/model/checkpoint.ts'
import type { FileSource } from '../../src/model/source.ts'
import { folderSource } from '../../src/node/folder-source.ts'
import { encodeText } from '../../src/text/encode.ts'
import { Tokenizer } from '../../src/text/tokenizer.ts'
import {
  CHECKPOINT_NAMES,
  CHECKPOINTS,
  type CheckpointName,
  checkpointFolder,
  FAMILIES,
  FAMILY_NAMES,
  loadGolden,
} from '../goldens/checkpoints.ts'

const source = (name: CheckpointName): FileSource => folderSource(checkpointFolder(name))

describe.each([...CHECKPOINT_NAMES, ...FAMILY_NAMES])('%s', (name) => {
  it('gives the ids and the scored rows of the reference', async () => {
    const golden = await loadGolden(name)
    const { spec, tokenizer: files } = await openCheckpoint(source(name))
    const tokenizer = new Tokenizer(files)
    expect([spec.style, spec.dim]).toEqual([{ ...CHECKPOINTS, ...FAMILIES }[name].style, golden.dim])
    for (const [texts, rules] of [
      [golden.queries, spec.query],
      [golden.documents, spec.document],
    ] as const) {
      for (const { text, ids, kept, truncated } of texts) {
        const encoded = encodeText(tokenizer, rules, text)
        expect
          .soft([text, Array.from(encoded.ids), Array.from(encoded.keep), encoded.truncated])
          .toEqual([text, ids, kept, truncated])
      }
    }
  })
})
