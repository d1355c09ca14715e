/** Evaluation on real collections, and with vectors made by transformers. `.ci/run` prepares both. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { writeShelf } from '../eval/shelf.ts'
import { loadGolden } from '../goldens/checkpoints.ts'
import { cli } from '../node/cli.ts'
import { modelFolder, temporaryFolder } from '../node/folder.ts'

const root = resolve(import.meta.dirname, '../..')
const corpora = resolve(root, '../shared/corpora')
const corporaMissing = existsSync(corpora) ? null : 'the collections are missing: ../shared/corpora'

// What a Lucene-like BM25 is known to reach.
const LUCENE = { scifact: 0.669, cranfield: 0.36, vaswani: 0.401, jsquad: 0.943 }
// As minisearch comes, which favours documents that hold many of the terms: measured, so that a change is seen.
const MINISEARCH = { scifact: 0.631, cranfield: 0.319, vaswani: 0.402, jsquad: 0.942 }

describe.skipIf(corporaMissing)(`BM25${corporaMissing ? ` — ${corporaMissing}` : ''}`, () => {
  it.each(Object.keys(LUCENE) as (keyof typeof LUCENE)[])('on %s', async (name) => {
    const { code, lines, notes } = await cli('eval', join(corpora, name), '--bm25')
    expect(code, notes).toBe(0)
    const [minisearch, lucene] = lines
    expect(Math.abs(lucene['ndcg@10'] - LUCENE[name])).toBeLessThan(0.01)
    expect(Math.abs(minisearch['ndcg@10'] - MINISEARCH[name])).toBeLessThan(0.001)
  })
})

const python = join(root, '.cache/python/bin/python')
const pythonMissing = existsSync(python) ? null : '.cache/python is missing (made by .ci/run)'

describe.skipIf(pythonMissing)(`vectors by transformers${pythonMissing ? ` — ${pythonMissing}` : ''}`, () => {
  it.each(['stanford', 'stanford-i8', 'stanford-shards', 'pylate', 'native-min', 'bert-accents'] as const)(
    'are those of the goldens: %s',
    async (name) => {
      const golden = await loadGolden(name)
      const folder = await temporaryFolder()
      const documents = golden.documents.map(({ text }, i) => ({ _id: `d${i}`, text }))
      const queries = golden.queries.map(({ text }, i) => ({ _id: `q${i}`, text }))
      const shelf = await writeShelf(join(folder, 'shelf'), {
        documents,
        queries,
        qrels: queries.map(({ _id }) => [_id, 'd0', 1]),
      })
      const vectors = join(folder, 'vectors')
      const args = ['eval', shelf, '--model', modelFolder(name), '--vectors', vectors]
      expect((await cli(...args)).notes).toContain('training/vectors.py')
      await promisify(execFile)(python, [
        join(root, 'training/vectors.py'),
        vectors,
        '--model',
        modelFolder(name),
        '--tokens',
        '200',
      ])
      const { code, lines, notes } = await cli(...args, '--codec', 'f32')
      expect(code, notes).toBe(0)
      expect(lines[0].encoders[0]).toMatch(/^transformers \d/)
      const made = await readVectors(vectors)
      // What has no text has no passage.
      const texts = { query: golden.queries, document: golden.documents.filter(({ text }) => text.trim() !== '') }
      for (const role of ['query', 'document'] as const) {
        const expected = texts[role].flatMap((text) => [...text.vectors])
        expect(made[role]).toHaveLength(expected.length)
        expect(Math.max(...expected.map((value, i) => Math.abs(value - made[role][i])))).toBeLessThan(1e-4)
      }
    },
  )
})

/** Of the two sets below a folder, each in one part. */
async function readVectors(folder: string): Promise<Record<string, Float32Array>> {
  const sets: Record<string, Float32Array> = {}
  for (const name of await readdir(folder)) {
    const { role } = JSON.parse(await readFile(join(folder, name, 'set.json'), 'utf8'))
    const bytes = await readFile(join(folder, name, '000000.f32'))
    sets[role] = new Float32Array(new Uint8Array(bytes).buffer)
  }
  return sets
}
