import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CodecId } from '../../src/codec/codec.ts'
import { packQueries } from '../../src/eval/maxsim.ts'
import { type ScoringTask, scoreDocuments } from '../../src/node/eval/score.ts'
import { openScorers, type Scorer } from '../../src/node/eval/threads.ts'
import { random } from '../kernels/harness.ts'

const root = resolve(import.meta.dirname, '../..')
const DIM = 16
const queries = packQueries({ dim: DIM, values: random(1)(9 * DIM, 0.2), starts: Uint32Array.of(0, 4, 9) })

let folder: string
let script: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maxsift-scorer-'))
  await build({
    configFile: false,
    root,
    logLevel: 'error',
    ssr: { noExternal: true },
    build: {
      ssr: true,
      outDir: folder,
      copyPublicDir: false,
      rolldownOptions: { input: { scorer: join(root, 'src/node/eval/scorer.ts') }, external: [/^node:/] },
    },
  })
  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  script = join(folder, 'scorer.js')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Documents of 1, 0 and 2 passages; the last one of nothing but an empty passage. */
function task(codec: CodecId, seed: number): ScoringTask {
  const starts = Uint32Array.of(0, 5, 5 + seed, 20 + seed, 20 + seed)
  const values = random(seed)((20 + seed) * DIM, 0.2)
  return { dim: DIM, codec, values, starts, owners: Uint32Array.of(0, 2, 2, 3), documents: 4 }
}

async function withScorers<Result>(scorers: Scorer[], use: (scorers: Scorer[]) => Promise<Result>): Promise<Result> {
  try {
    return await use(scorers)
  } finally {
    await Promise.all(scorers.map((scorer) => scorer.close()))
  }
}

describe('scoreDocuments', () => {
  it('gives a document the score of its best passage, and none to one without token vectors', () => {
    const whole = task('f32', 4)
    const scores = scoreDocuments(queries, whole)
    expect(scores).toHaveLength(8)
    const alone = scoreDocuments(queries, { ...whole, owners: Uint32Array.of(0, 1, 2, 3) })
    for (const query of [0, 1]) {
      const [first, second, third, fourth] = scores.subarray(query * 4, query * 4 + 4)
      expect([second, fourth]).toEqual([Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY])
      expect(first).toBe(alone[query * 4])
      expect(third).toBe(Math.max(alone[query * 4 + 1], alone[query * 4 + 2]))
      expect(first).not.toBe(third)
    }
  })
})

describe('openScorers', () => {
  it('scores one task after the other on each thread, as this thread does', async () => {
    await withScorers(openScorers(queries, 2, script), async (scorers) => {
      expect(scorers).toHaveLength(2)
      await Promise.all(
        scorers.map(async ({ score }, thread) => {
          for (const codec of ['f32', 'f16', 'int8'] as const) {
            for (let seed = 1; seed < 6; seed++) {
              expect(await score(task(codec, seed + thread))).toEqual(
                scoreDocuments(queries, task(codec, seed + thread)),
              )
            }
          }
        }),
      )
    })
  })

  it('does without threads where their script is not there', async () => {
    await withScorers(openScorers(queries, 8, join(folder, 'none.js')), async (scorers) => {
      expect(scorers).toHaveLength(1)
      expect(await scorers[0].score(task('f32', 3))).toEqual(scoreDocuments(queries, task('f32', 3)))
    })
  })

  it.each([
    ['fails', "throw new Error('no memory')", 'no memory'],
    ['ends', 'process.exit(3)', 'has ended'],
  ])('rejects when a thread %s, then and later', async (_, code, message) => {
    const broken = join(folder, 'broken.js')
    await writeFile(
      broken,
      `import { parentPort } from 'node:worker_threads'\nparentPort.on('message', () => { ${code} })`,
    )
    await withScorers(openScorers(queries, 1, broken), async ([scorer]) => {
      await expect(scorer.score(task('f32', 1))).rejects.toThrow(message)
      await expect(scorer.score(task('f32', 1))).rejects.toThrow(message)
    })
  })

  it('rejects what is under way when it is closed', async () => {
    const silent = join(folder, 'silent.js')
    await writeFile(silent, "import { parentPort } from 'node:worker_threads'\nparentPort.on('message', () => {})")
    const [scorer] = openScorers(queries, 1, silent)
    const scoring = scorer.score(task('f32', 1))
    await Promise.all([expect(scoring).rejects.toThrow('has ended'), scorer.close()])
  })
})
