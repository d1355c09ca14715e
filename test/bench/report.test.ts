import { parseHTML } from 'linkedom'
import { describe, expect, it } from 'vitest'
import { overdrawn } from '../../bench/counts.ts'
import { impossible, race, resultsOf, withShares } from '../../bench/measure.ts'
import { plainMaxSim, plainTop } from '../../bench/plain.ts'
import { drawBench } from '../../bench/plots.ts'
import { folderName, ratios, writeMarkdown } from '../../bench/report.ts'
import type { Report, Roofline } from '../../bench/result.ts'
import { better } from '../../bench/roofline.ts'
import { sizes } from '../../bench/shapes.ts'
import { largestDifference, median, short } from '../../bench/stats.ts'

const roofline: Roofline = {
  flops: 1e9,
  flops_f16: null,
  ops_int8: 4e9,
  bytes_per_s: 1e9,
  cached_bytes_per_s: 2e9,
  dispatch_us: 10,
  readback_us: 100,
}

const named = (impl: string, arithmetic?: 'f32' | 'int8') => ({ impl, arithmetic, run: async () => {} })

const query = resultsOf(
  { workload: 'query-32/6x384', needs: { operations: 1e8, bytes: 1000 } },
  [named('maxsift', 'f32'), named('peer', 'f32'), named('cpu')],
  [
    [400, 200, 300],
    [600, 600, 600],
    [150, 150, 150],
  ],
)
const batch = resultsOf(
  { workload: 'docs-4/6x384', tokens: 600 },
  [named('maxsift', 'f32'), named('peer', 'f32')],
  [[1000], [500]],
)
const maxsim = [1, 10].flatMap((thousands) =>
  resultsOf(
    { workload: `maxsim-${thousands}k/96/int8` },
    [named('maxsift'), named('js')],
    [[thousands], [9 * thousands]],
  ),
)
const kernel = resultsOf({ workload: 'gemm-up, 32 tokens/6x384' }, [named('square'), named('maxsift')], [[1], [2]])
const cold = resultsOf({ workload: 'search-1k/6x384/cold' }, [named('maxsift'), named('peer + js')], [[90], [80]])
const warm = resultsOf({ workload: 'search-1k/6x384' }, [named('maxsift'), named('peer + js')], [[9], [8]])

const report: Report = {
  adapter: 'mesa software llvmpipe-llvm-15-256-bits- llvmpipe: Mesa 25.0.7 (LLVM 15.0.6) 0.0.1',
  backend: 'Dawn in Node',
  software: true,
  versions: { node: 'v20.0.0' },
  commit: 'abc1234',
  date: '2026-11-20T12:00:00.000Z',
  roofline,
  counts: { dispatches: 40, arena_bytes: 1.5 },
  results: withShares([...query, ...batch, ...maxsim, ...kernel, ...cold, ...warm], roofline),
  skipped: [{ impl: 'other', reason: 'not installed' }],
}

describe('measuring', () => {
  it('lets contenders take turns, and stops those that have had their time, after three runs', async () => {
    const order: string[] = []
    const contender = (impl: string, ms: number) => ({
      impl,
      run: () => {
        order.push(impl)
        return new Promise((resolve) => setTimeout(resolve, ms))
      },
    })
    const times = await race([contender('a', 0), contender('b', 20)], { rounds: 5, budget: 40 })
    expect(times.map(({ length }) => length)).toEqual([5, 3])
    expect(order.join('')).toBe('abababaa')
    const slow = await race([contender('c', 20)], { rounds: 5, budget: 5 })
    expect(slow[0], 'one that takes too long even once').toHaveLength(1)
  })

  it('gives medians and spread, in the unit of the workload', () => {
    expect(query[0]).toMatchObject({ unit: 'ms', median: 300, min: 200, max: 400, n: 3, ms: 300 })
    expect(batch[1]).toMatchObject({ unit: 'tokens/s', median: 1200, ms: 500 })
    expect(median([4, 1, 3, 2])).toBe(2.5)
  })

  it('puts what runs on the adapter beside its roofline, and nothing else', () => {
    const [ours, peer, cpu] = withShares(query, roofline)
    expect(ours.share).toBeCloseTo(1 / 3)
    expect(ours.bound).toBe('arithmetic')
    expect(peer.share).toBeCloseTo(1 / 6)
    expect(cpu.share).toBeUndefined()
    const reading = resultsOf({ workload: 'x', needs: { operations: 1, bytes: 2e9 } }, [named('a', 'int8')], [[4000]])
    expect(withShares(reading, roofline)[0]).toMatchObject({ share: 0.5, bound: 'bytes' })
  })

  it('counts what an arithmetic costs in products', () => {
    const integer = { ...named('a', 'int8'), parts: 2 }
    const [result] = resultsOf({ workload: 'x', needs: { operations: 1e9, bytes: 1 } }, [integer], [[1000]])
    expect(withShares([result], roofline)[0]).toMatchObject({ share: 0.5, bound: 'arithmetic' })
  })

  it('measures less where a person waits', () => {
    for (const software of [true, false]) {
      const [short, full] = [sizes(software, 'short'), sizes(software, 'full')]
      expect(short.shapes).toEqual(['6x384'])
      expect(short.rounds).toBeLessThan(full.rounds)
      for (const size of short.maxsim.filter(({ codec }) => codec === 'int8')) expect(full.maxsim).toContainEqual(size)
      expect([short.kernels, full.kernels]).toEqual([false, true])
    }
  })

  it('finds results that cannot be', () => {
    const fast = resultsOf({ workload: 'x', needs: { operations: 1e9, bytes: 1 } }, [named('a', 'f32')], [[500]])
    expect(impossible(withShares([...query, ...fast], roofline)).map(({ workload }) => workload)).toEqual(['x'])
  })

  it('takes the better of two rooflines', () => {
    const other = { ...roofline, flops: 2e9, flops_f16: 5, bytes_per_s: 1, dispatch_us: 5 }
    expect(better(roofline, other)).toEqual({ ...roofline, flops: 2e9, dispatch_us: 5 })
  })

  it('names what is above its limit', () => {
    const within = {
      dispatches: 5,
      dispatch_budget: 6,
      submissions: 1,
      readbacks: 1,
      readback_bytes: 9,
      buffers_allocated_after_warm_up: 0,
      pipelines_compiled_after_warm_up: 0,
      multiply_adds_executed_per_needed: 1,
      weight_bytes_per_tensor_byte: 1,
    }
    expect(overdrawn(within)).toEqual([])
    expect(overdrawn({ ...within, dispatches: 7, submissions: 2 })).toHaveLength(2)
    // What was not counted is not known to hold.
    expect(overdrawn({ ...within, readbacks: Number.NaN })).toHaveLength(1)
  })
})

describe('plain JavaScript', () => {
  it('scores and sorts', () => {
    const corpus = {
      dim: 2,
      values: Float32Array.of(1, 0, 0, 1, 0.6, 0.8),
      place: (passage: number) =>
        [
          { from: 0, to: 2 },
          { from: 2, to: 3 },
        ][passage],
    }
    const scores = plainMaxSim(Float32Array.of(1, 0, 0, 2), corpus as never, 2)
    expect(scores[0]).toBeCloseTo(3)
    expect(scores[1]).toBeCloseTo(2.2)
    expect(plainTop(Float32Array.of(1, 3, 2, 3), 3)).toEqual([1, 3, 2])
  })

  it('knows a difference that is none', () => {
    expect(largestDifference(Float32Array.of(1, 2), Float32Array.of(1, 4))).toBe(2)
    expect(largestDifference(Float32Array.of(Number.NaN, 2), Float32Array.of(1, 2))).toBeNaN()
    expect(() => largestDifference(new Float32Array(1), new Float32Array(2))).toThrow()
  })

  it('shortens numbers', () => {
    expect([200, 1000, 10_000, 1500].map(short)).toEqual(['200', '1k', '10k', '1500'])
  })
})

describe('a report', () => {
  it('says how many times faster we are, kernels aside', () => {
    const found = Object.fromEntries(ratios(report).map(({ workload, peer, ratio }) => [`${workload} ${peer}`, ratio]))
    expect(found['query-32/6x384 peer']).toBe(2)
    expect(found['query-32/6x384 cpu']).toBe(0.5)
    expect(found['docs-4/6x384 peer']).toBe(0.5)
    expect(Object.keys(found).join()).not.toContain('gemm')
  })

  it('names its folder after adapter and host', () => {
    expect(folderName(report)).toBe('mesa-software-llvmpipe-dawn-node')
    expect(folderName({ adapter: 'google swiftshader', backend: 'Chromium 156' })).toBe('google-swiftshader-chromium')
  })

  it('shows results, losses, counts and what is missing', () => {
    const text = writeMarkdown(report, [{ file: 'a.svg', alt: 'a picture' }])
    for (const part of [
      '![a picture](a.svg)',
      '| query-32/6x384 | peer | 600 ms | 600 | 600 | 3 | 2× | 16.7 % |',
      '- query-32/6x384: cpu is 2 times faster',
      '| gemm-up, 32 tokens/6x384 | square | 1 ms |',
      '| f16 multiply-adds | not offered |',
      '| arena bytes | 1.50 |',
      '- other: not installed',
    ])
      expect(text).toContain(part)
  })

  it('says when the machine had other work', () => {
    expect(writeMarkdown(report, [])).not.toContain('other programs')
    expect(writeMarkdown({ ...report, busy: 0.5 }, [])).toContain('other programs took 50 % of its cores')
  })

  it('draws pictures that stand alone', () => {
    const pictures = drawBench(report, parseHTML('<html></html>').document as never)
    expect(pictures.map(({ file }) => file)).toEqual(['ratios.svg', 'roofline.svg', 'sizes.svg', 'search.svg'])
    for (const { svg } of pictures) {
      expect(svg.startsWith('<svg')).toBe(true)
      expect(svg).toContain('http://www.w3.org/2000/svg')
      expect(svg).not.toContain('NaN')
    }
  })
})
