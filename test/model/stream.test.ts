import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { openCheckpoint } from '../../src/model/checkpoint.ts'
import { fingerprint, scaleRole, streamTensors } from '../../src/model/stream.ts'
import {
  bertFiles,
  bertTensors,
  CONFIG,
  type Files,
  floats,
  json,
  memorySource,
  pylateFiles,
  safetensors,
  stanfordFiles,
} from './files.ts'

const WORD = 'embeddings.word_embeddings.weight'

/** All tensors put together again, and how the pieces came. */
async function collect(files: Files, options: { chunk?: number; sized?: boolean } = {}) {
  const { source, ...counts } = memorySource(files, options)
  const checkpoint = await openCheckpoint(source)
  const headerReads = counts.read()
  const tensors = new Map<string, Uint8Array>()
  const order: string[] = []
  let largest = 0
  const hashes = await streamTensors(checkpoint, async (role, ref, offset, bytes) => {
    const whole = tensors.get(role) ?? new Uint8Array(ref.end - ref.start)
    if (!tensors.has(role)) order.push(role)
    tensors.set(role, whole)
    const written = offset + bytes.length
    expect(offset % 4).toBe(0)
    if (written < whole.length) expect(bytes.length % 4).toBe(0)
    largest = Math.max(largest, bytes.length)
    whole.set(bytes, offset)
  })
  return { checkpoint, tensors, hashes, order, largest, headerReads, ...counts }
}

describe('streamTensors', () => {
  it.each([1, 3, 7, 64, 1 << 16])(
    'hands out every tensor in use, in aligned pieces, from chunks of %i bytes',
    async (chunk) => {
      const tensors: ReturnType<typeof bertTensors> = {
        // An odd length before everything shifts all that follows.
        odd: { dtype: 'U8', shape: [3], bytes: Uint8Array.of(1, 2, 3) },
        ...bertTensors(),
        'pooler.dense.weight': floats([8, 8]),
      }
      const files = bertFiles().set('model.safetensors', safetensors(tensors))
      const { checkpoint, tensors: found, hashes } = await collect(files, { chunk })
      expect([...found.keys()].sort()).toEqual([...checkpoint.tensors.keys()].sort())
      for (const [role, bytes] of found) {
        expect([role, bytes]).toEqual([role, new Uint8Array(tensors[checkpoint.tensors.get(role)?.name ?? ''].bytes)])
      }
      const sha256 = (data: Uint8Array | string) => createHash('sha256').update(data).digest('hex')
      const expected = sha256(sha256(files.get('model.safetensors') as Uint8Array))
      expect([...hashes]).toEqual([['model.safetensors', expected]])
    },
  )

  it('reads only headers first, then every file once, in order', async () => {
    const files = pylateFiles()
    const { checkpoint, opened, order, headerReads, cancelled } = await collect(files, { chunk: 512 })
    expect(checkpoint.files.map(({ path }) => path)).toEqual(['model.safetensors', '1_Dense/model.safetensors'])
    expect(opened.filter((path) => path.endsWith('.safetensors'))).toEqual([
      ...['model.safetensors', '1_Dense/model.safetensors'],
      ...['model.safetensors', '1_Dense/model.safetensors'],
    ])
    expect(order.at(-1)).toBe('projection.0.weight')
    expect(headerReads).toBeLessThan([...files.values()].reduce((sum, { length }) => sum + length, 0) - 2000)
    expect(cancelled()).toBe(2)
  })

  it('gives the scales of I8 tensors under a role of their own', async () => {
    const scales = floats([12, 1])
    const files = bertFiles().set(
      'model.safetensors',
      safetensors({
        ...bertTensors(),
        [WORD]: { dtype: 'I8', shape: [12, 8], bytes: new Uint8Array(96).fill(7) },
        [`${WORD}_scale`]: scales,
      }),
    )
    const { tensors } = await collect(files, { chunk: 100 })
    expect(tensors.get('word')).toEqual(new Uint8Array(96).fill(7))
    expect(tensors.get(scaleRole('word'))).toEqual(scales.bytes)
  })

  it('says how far it is, and never hands out more than 4 MiB', async () => {
    const positions = 140_000
    const files = bertFiles()
      .set('config.json', json({ ...CONFIG, max_position_embeddings: positions }))
      .set(
        'model.safetensors',
        safetensors({ ...bertTensors(), 'embeddings.position_embeddings.weight': floats([positions, 8]) }),
      )
    const { largest } = await collect(files, { chunk: 1 << 24 })
    expect(largest).toBe(4 << 20)
    const checkpoint = await openCheckpoint(memorySource(files).source)
    const seen: [number, number][] = []
    await streamTensors(checkpoint, () => {}, { onProgress: (loaded, total) => seen.push([loaded, total]) })
    const size = (files.get('model.safetensors') as Uint8Array).length
    expect(seen.at(-1)).toEqual([size, size])
    expect(seen.every(([loaded], i) => i === 0 || loaded > seen[i - 1][0])).toBe(true)
  })

  it.each([
    ['shorter', (bytes: Uint8Array) => bytes.slice(0, -1)],
    ['longer', (bytes: Uint8Array) => new Uint8Array([...bytes, 0])],
  ])('refuses a file that is %s than its header says', async (_, change) => {
    const files = bertFiles()
    files.set('model.safetensors', change(files.get('model.safetensors') as Uint8Array) as never)
    // With its size known the file is refused at once; without, when it ends.
    await expect(openCheckpoint(memorySource(files).source)).rejects.toMatchObject({ code: 'MODEL_INVALID' })
    const checkpoint = await openCheckpoint(memorySource(files, { sized: false, chunk: 1000 }).source)
    await expect(streamTensors(checkpoint, () => {})).rejects.toMatchObject({ code: 'MODEL_INVALID' })
  })

  it('stops where it is told to, and where the sink fails, and lets go of the file', async () => {
    const memory = memorySource(bertFiles(), { chunk: 64 })
    const checkpoint = await openCheckpoint(memory.source)
    const controller = new AbortController()
    const stopped = streamTensors(checkpoint, () => controller.abort(), { signal: controller.signal })
    await expect(stopped).rejects.toMatchObject({ name: 'AbortError' })
    const failed = streamTensors(checkpoint, () => Promise.reject(new Error('full')))
    await expect(failed).rejects.toThrow('full')
    expect(memory.cancelled()).toBe(3)
  })
})

describe('fingerprint', () => {
  const of = async (files: Files) => {
    const checkpoint = await openCheckpoint(memorySource(files).source)
    return fingerprint(checkpoint, await streamTensors(checkpoint, () => {}))
  }

  it('is that of the model, wherever it lies', async () => {
    const print = await of(stanfordFiles())
    expect(print).toMatch(/^[0-9a-f]{64}$/)
    const checkpoint = await openCheckpoint({ ...memorySource(stanfordFiles(), { chunk: 10 }).source, name: 'other' })
    expect(await fingerprint(checkpoint, await streamTensors(checkpoint, () => {}))).toBe(print)
  })

  it('changes with a weight, a word, and a rule', async () => {
    const weight = stanfordFiles()
    ;(weight.get('model.safetensors') as Uint8Array)[(weight.get('model.safetensors') as Uint8Array).length - 1] ^= 1
    const word = stanfordFiles()
    word.set(
      'vocab.txt',
      new TextEncoder().encode(new TextDecoder().decode(word.get('vocab.txt')).replace('##c', '##d')) as never,
    )
    const rule = stanfordFiles({ query_maxlen: 9, doc_maxlen: 12, dim: 4 })
    const prints = await Promise.all([stanfordFiles(), weight, word, rule].map(of))
    expect(new Set(prints).size).toBe(4)
  })
})
