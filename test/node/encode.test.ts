import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadGolden } from '../goldens/checkpoints.ts'
import { gpuMissing } from '../gpu.ts'
import { cli, cliWith } from './cli.ts'
import { copyOfModel, modelFolder, temporaryFolder } from './folder.ts'

const jsonl = (values: readonly unknown[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('')

describe.skipIf(await gpuMissing())('encode and score', () => {
  it.each(['stanford', 'pylate', 'pylate-no-expansion', 'bert'] as const)('equal the goldens: %s', async (name) => {
    const { queries, documents, scores, dim } = await loadGolden(name)
    const folder = await temporaryFolder()
    const file = join(folder, 'texts.jsonl')
    const model = modelFolder(name)
    for (const [role, texts] of [
      ['--query', queries],
      ['--document', documents],
    ] as const) {
      await writeFile(file, jsonl(texts.map(({ text }, i) => ({ id: `t${i}`, text }))))
      const { code, lines, notes } = await cli('encode', role, '--file', file, '--model', model, '--json')
      expect(code, notes).toBe(0)
      expect(notes).toContain('Backend: webgpu')
      expect(lines).toHaveLength(texts.length)
      let worst = 0
      for (const [i, { text, ids, kept, truncated, vectors }] of texts.entries()) {
        expect(lines[i]).toMatchObject({ id: `t${i}`, text, ids, kept, dim, truncated })
        expect(Object.keys(lines[i])).toEqual(['id', 'text', 'ids', 'kept', 'dim', 'vectors', 'truncated'])
        const flat: number[] = lines[i].vectors.flat()
        expect(flat).toHaveLength(kept.length * dim)
        for (const [k, value] of flat.entries()) {
          // As many digits as bring the f32 back, and not one more.
          expect(value).toBe(Number(Math.fround(value).toPrecision(9)))
          worst = Math.max(worst, Math.abs(value - vectors[k]))
        }
      }
      expect(worst).toBeLessThan(1e-4)
    }
    for (const q of [0, queries.length - 1]) {
      const { code, lines } = await cli('score', `--query=${queries[q].text}`, '--file', file, '--model', model)
      expect(code).toBe(0)
      expect(lines.map(({ id }) => id)).toEqual(documents.map((_, i) => `t${i}`))
      for (const [d, { score }] of lines.entries()) expect(Math.abs(score - scores[q][d])).toBeLessThan(1e-3)
    }
  })

  it('takes texts as arguments, strings and objects as lines', async () => {
    const file = join(await temporaryFolder(), 'texts.jsonl')
    await writeFile(file, '\ufeff"a sea"\r\n\n{"text":"a sea","_id":7}\n{"text":"a sea"}\n')
    const model = modelFolder('stanford')
    const given = await cli('encode', '--document', '--model', model, 'a sea', '', '--', '--help')
    expect(given.lines.map(({ text }) => text)).toEqual(['a sea', '', '--help'])
    const { lines } = await cli('encode', '--document', '--model', model, '--file', file)
    expect(lines.map(({ id }) => id)).toEqual([undefined, 7, undefined])
    for (const line of lines) expect(line.ids).toEqual(given.lines[0].ids)
  })

  it('puts the title before the text, and knows a document without an id by its line', async () => {
    const file = join(await temporaryFolder(), 'docs.jsonl')
    await writeFile(
      file,
      jsonl([
        { id: 'a', title: 'The old lamp', text: 'by the sea' },
        { text: 'The old lamp by the sea' },
        { _id: 'c', passages: ['x', { text: 'y' }] },
      ]),
    )
    const { lines, code } = await cli('score', '--query', 'lamp', '--file', file, '--model', modelFolder('bert'))
    expect(code).toBe(0)
    expect(lines.map(({ id }) => id)).toEqual(['a', '2', 'c'])
    expect(lines[0].score).toBeCloseTo(lines[1].score, 4)
    expect(lines[2].score).not.toBeCloseTo(lines[1].score, 4)
  })

  it.each([
    ['encode', '"a"\n5', '2: this is neither a string nor has it a text'],
    ['encode', 'null', '1: this is neither'],
    ['encode', '{"text', '1: this is not JSON'],
    ['score', '{"id":"a","text":"x"}\n{"id":"b"}', '2: text is missing'],
    ['score', '["x"]', '1: this is not an object'],
  ])('%s names the bad line of %j', async (command, content, message) => {
    const file = join(await temporaryFolder(), 'bad.jsonl')
    await writeFile(file, content)
    const query = command === 'score' ? ['--query', 'q'] : ['--query']
    const { code, notes } = await cli(command, ...query, '--file', file, '--model', modelFolder('stanford'))
    expect(code).toBe(1)
    expect(notes).toContain(`maxsift: INVALID_ARGUMENT: ${file}, line ${message}`)
  })

  it('a file that is not there is an error', async () => {
    const { code, notes } = await cli(
      'score',
      '--query',
      'q',
      '--file',
      'none.jsonl',
      '--model',
      modelFolder('stanford'),
    )
    expect(code).toBe(1)
    expect(notes).toContain('none.jsonl cannot be read')
  })

  it('ends when aborted', async () => {
    const file = join(await temporaryFolder(), 'texts.jsonl')
    await writeFile(file, '"text"\n'.repeat(100_000))
    const control = new AbortController()
    setTimeout(() => control.abort(), 1_500)
    const { code, lines } = await cliWith(
      control.signal,
      'encode',
      '--query',
      '--file',
      file,
      '--model',
      modelFolder('stanford'),
    )
    expect(code).toBe(1)
    expect(lines.length).toBeLessThan(100_000)
  })

  const edits: Record<string, (bytes: Buffer) => Uint8Array> = {
    'a header longer than the file': (bytes) => {
      bytes.writeBigUInt64LE(BigInt(bytes.length))
      return bytes
    },
    'a huge header': (bytes) => {
      bytes.writeBigUInt64LE(2n ** 63n)
      return bytes
    },
    'a header that is not JSON': (bytes) => bytes.fill(120, 8, 20),
    'only half of the file': (bytes) => bytes.subarray(0, bytes.length / 2),
    'an empty file': () => new Uint8Array(),
    'offsets beyond the end': (bytes) =>
      changeHeader(bytes, (text) => text.replace(/"data_offsets":\[\d+,\d+\]/, '"data_offsets":[0,99999999]')),
    'a wrong shape': (bytes) =>
      changeHeader(bytes, (text) => text.replace(/"shape":\[(\d+),(\d+)\]/, '"shape":[$2,$1,1]')),
    'an unknown dtype': (bytes) => changeHeader(bytes, (text) => text.replaceAll('"F32"', '"F12"')),
  }
  it.each(Object.entries(edits))('refuses weights with %s', async (_, edit) => {
    const model = await copyOfModel('stanford')
    const file = join(model, 'model.safetensors')
    await writeFile(file, edit(await readFile(file)))
    const { code, notes } = await cli('encode', '--query', '--model', model, 'x')
    expect(code).toBe(1)
    expect(notes).toMatch(/maxsift: MODEL_(INVALID|UNSUPPORTED): /)
  })

  it('refuses a checkpoint without a tokenizer, or with a config for other weights', async () => {
    const model = await copyOfModel('stanford')
    const config = join(model, 'config.json')
    const text = await readFile(config, 'utf8')
    await writeFile(config, text.replace(/"hidden_size": *\d+/, '"hidden_size": 48'))
    expect((await cli('encode', '--query', '--model', model, 'x')).notes).toContain('MODEL_INVALID')
    await writeFile(config, text)
    expect((await cli('encode', '--query', '--model', model, 'x')).code).toBe(0)
    for (const name of ['tokenizer.json', 'vocab.txt']) await rm(join(model, name), { force: true })
    expect((await cli('encode', '--query', '--model', model, 'x')).notes).toContain('no tokenizer')
  })
})

/** Replaces the JSON of a safetensors header, in a file that is as long as it says. */
function changeHeader(bytes: Buffer, change: (text: string) => string): Uint8Array {
  const length = Number(bytes.readBigUInt64LE())
  const header = Buffer.from(change(bytes.toString('utf8', 8, 8 + length)))
  const size = Buffer.alloc(8)
  size.writeBigUInt64LE(BigInt(header.length))
  return Buffer.concat([size, header, bytes.subarray(8 + length)])
}
