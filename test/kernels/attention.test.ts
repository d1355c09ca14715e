import { describe, expect, it } from 'vitest'
import { listTiles, MAX_PLAIN_HEAD, planAttention, rotaryTable, tileRows } from '../../src/kernels/attention.ts'
import { gpuMissing, openDevice } from '../gpu.ts'
import { attention } from './attention.reference.ts'
import { maxError, random, runPlan } from './harness.ts'

const missing = await gpuMissing()

interface Case {
  heads: number
  head: number
  lengths: number[]
  /** Whether a token is visible as a key. */
  visible?: (sequence: number, i: number, length: number) => boolean
  window?: number
  theta?: number
}

/** Runs every variant that fits the shape and gives the worst error of each. */
async function errors({
  heads,
  head,
  lengths,
  visible = () => true,
  window,
  theta,
}: Case): Promise<Record<string, number>> {
  const device = await openDevice()
  const hidden = heads * head
  const tokens = lengths.reduce((a, b) => a + b)
  // Queries and keys are spread so that the softmax is peaked: a fault in scale or mask shows.
  const qkv = random(hidden + tokens)(tokens * 3 * hidden, 1.5)
  const starts = lengths.map((_, s) => lengths.slice(0, s).reduce((a, b) => a + b, 0))
  const attend = Uint32Array.from(
    lengths.flatMap((n, s) => Array.from({ length: n }, (_, i) => Number(visible(s, i, n)))),
  )
  const sequences = lengths.map((length, s) => {
    const last = attend.subarray(starts[s], starts[s] + length).lastIndexOf(1)
    return { start: starts[s], length, keys: last < 0 ? length : last + 1 }
  })
  const work = listTiles(sequences, tileRows({ hidden, heads }))
  const expected = attention({ qkv, attend, hidden, heads, lengths, window, theta })
  const found: Record<string, number> = {}
  for (const tiled of head > MAX_PLAIN_HEAD ? [true] : [false, true]) {
    for (const vec of head === 16 ? [true, false] : [undefined]) {
      const shape = { hidden, heads, tiles: work.length / 4, rotary: theta !== undefined, window }
      const plan = planAttention(shape, device.caps, { tiled, vec })
      const table = theta === undefined ? [] : [rotaryTable(theta, Math.max(...lengths), head)]
      const [out] = await runPlan(device, plan, [qkv, work, attend, tokens * hidden, ...table])
      found[`tiled ${tiled}, vec ${vec}`] = maxError(new Float32Array(out), expected)
    }
  }
  return found
}

function expectSmall(found: Record<string, number>) {
  for (const [variant, error] of Object.entries(found)) expect(error, variant).toBeLessThan(2e-5)
}

describe.skipIf(missing)(`attention${missing ? ` — ${missing}` : ''}`, () => {
  for (const [heads, head] of [
    [3, 2],
    [2, 16],
    [12, 26],
    [2, 64],
    [2, 66],
    [1, 128],
  ]) {
    it(`head dim ${head}, ragged sequences from 1 to several tiles`, async () => {
      expectSmall(await errors({ heads, head, lengths: [1, 33, 7, 32, 70, 2] }))
    })
  }

  it('512 tokens', async () => {
    expectSmall(await errors({ heads: 1, head: 32, lengths: [512] }))
  })

  it('hides keys but not query rows', async () => {
    // A tail as of query expansion, holes, and a first key that is hidden.
    const visible = (s: number, i: number, n: number) => (s === 0 ? i < n - 20 : s === 1 ? i % 3 !== 1 : i > 0)
    for (const head of [16, 64, 128]) expectSmall(await errors({ heads: 2, head, lengths: [32, 45, 19], visible }))
  })

  it('sees the keys of a window alone', async () => {
    const visible = (s: number, i: number) => s !== 1 || i < 9
    for (const [head, window] of [
      [16, 1],
      [16, 40],
      [64, 5],
    ])
      expectSmall(await errors({ heads: 2, head, lengths: [1, 80, 33, 100], window, visible }))
  })

  it('turns queries and keys by their positions', async () => {
    // In double precision alone: the table's own rounding, that of the reference library, is off by 1e-5 here.
    const found = await errors({ heads: 2, head: 16, lengths: [1, 33, 70], theta: 10_000, window: 30 })
    for (const [variant, error] of Object.entries(found)) expect(error, variant).toBeLessThan(1e-4)
  })

  it('gives zeros where all keys are hidden', async () => {
    expectSmall(await errors({ heads: 2, head: 16, lengths: [40, 3, 5], visible: (s) => s === 1 }))
  })
})

describe('work list of attention', () => {
  it('covers every row once, longest sequences first', () => {
    const sequences = [
      { start: 0, length: 5, keys: 3 },
      { start: 5, length: 70, keys: 70 },
      { start: 75, length: 32, keys: 32 },
    ]
    const work = listTiles(sequences, 32)
    expect(Array.from(work)).toEqual([5, 70, 0, 70, 5, 70, 32, 70, 5, 70, 64, 70, 75, 32, 0, 32, 0, 5, 0, 3])
  })
})
