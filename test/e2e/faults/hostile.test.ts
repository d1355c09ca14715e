import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DOCUMENTS } from '../../api/setup.ts'
import { checkpointFolder } from '../../goldens/checkpoints.ts'
import { browserMissing, Site, type Tab, unlessMissing } from './site.ts'

const folder = checkpointFolder('stanford')

/** A file of a checkpoint as somebody might have changed it; null leaves it out. */
type Change = (bytes: Buffer) => Buffer | null

/** Writes the header of a safetensors file anew, as it is but for what `edit` does. */
const header =
  (edit: (header: Record<string, { dtype: string; shape: number[]; data_offsets: number[] }>) => void): Change =>
  (bytes) => {
    const length = Number(bytes.readBigUInt64LE(0))
    const json = JSON.parse(bytes.toString('utf8', 8, 8 + length))
    edit(json)
    const text = Buffer.from(JSON.stringify(json))
    const size = Buffer.alloc(8)
    size.writeBigUInt64LE(BigInt(text.length))
    return Buffer.concat([size, text, bytes.subarray(8 + length)])
  }
const first = (json: Parameters<Parameters<typeof header>[0]>[0]) =>
  Object.entries(json).find(([name]) => name.includes('word_embeddings'))![1]

const text =
  (edit: (text: string) => string): Change =>
  (bytes) =>
    Buffer.from(edit(bytes.toString()))

describe.skipIf(browserMissing)(`hostile files${unlessMissing}`, () => {
  let site: Site
  let tab: Tab
  beforeAll(async () => {
    site = await Site.open()
    tab = await site.visit(await site.visitor())
    await tab.open()
    await tab.add(DOCUMENTS)
  })
  afterAll(() => site?.close())

  const cases: [string, string, Change][] = [
    [
      'a length of the header beyond the file',
      'model.safetensors',
      (b) => Buffer.concat([Buffer.alloc(8, 0x7f), b.subarray(8)]),
    ],
    [
      'a header that is not JSON',
      'model.safetensors',
      (b) => Buffer.concat([b.subarray(0, 8), Buffer.alloc(b.length - 8, 0x20)]),
    ],
    ['weights that end too early', 'model.safetensors', (b) => b.subarray(0, -1000)],
    ['no weights at all', 'model.safetensors', () => Buffer.alloc(0)],
    [
      'overlapping tensors',
      'model.safetensors',
      header((json) => {
        first(json).data_offsets = [0, 64]
      }),
    ],
    [
      'a tensor beyond the end',
      'model.safetensors',
      header((json) => {
        first(json).data_offsets = [2 ** 40, 2 ** 41]
      }),
    ],
    [
      'a shape of astronomic size',
      'model.safetensors',
      header((json) => {
        first(json).shape = [2 ** 50, 2 ** 50]
      }),
    ],
    [
      'a number format that nobody knows',
      'model.safetensors',
      header((json) => {
        first(json).dtype = 'F8_E9M9'
      }),
    ],
    [
      'a config that does not fit the weights',
      'config.json',
      text((t) => t.replace(/"hidden_size": *\d+/, '"hidden_size": 96')),
    ],
    [
      'a config of a billion layers',
      'config.json',
      text((t) => t.replace(/"num_hidden_layers": *\d+/, '"num_hidden_layers": 1000000000')),
    ],
    ['a config that is not JSON', 'config.json', () => Buffer.from('<html>')],
    ['a config that is a list', 'config.json', () => Buffer.from('[]')],
    ['no tokenizer', 'tokenizer.json', () => null],
    ['a tokenizer that is none', 'tokenizer.json', () => Buffer.from('{"__proto__": {"model": 1}}')],
  ]
  it.each(cases)('a model with %s is refused', async (_, name, change) => {
    const original = readFileSync(join(folder, name))
    const changed = change(original)
    expect(changed?.equals(original)).not.toBe(true)
    const failure = await tab
      .settled(
        ([name, changed]) =>
          settle(async () => {
            const files: File[] = []
            for (const each of ['config.json', 'tokenizer.json', 'artifact.metadata', 'model.safetensors']) {
              if (each !== name) files.push(new File([await (await fetch(`/model/${each}`)).arrayBuffer()], each))
              else if (changed !== null)
                files.push(new File([Uint8Array.from(atob(changed), (c) => c.charCodeAt(0))], each))
            }
            await (await maxsift.createIndex({ name: 'other', store: 'memory', model: { files } })).close()
          }),
        [name, changed?.toString('base64') ?? null] as const,
      )
      .catch((error) => error)
    expect(failure).toMatchObject({
      name: 'MaxsiftError',
      code: expect.stringMatching(/^MODEL_(INVALID|UNSUPPORTED)$/),
    })
    // The index beside it does not notice.
    expect(await tab.search('moons', { limit: 3 })).toMatchObject({ total: 12 })
  })

  it('an exported index that was changed is refused, and replaces nothing', async () => {
    const { found, ids } = await tab.settled(
      () =>
        settle(async () => {
          // Into an index of other contents: what a store has already, it does not take from a file.
          const target = { name: 'target', model: '/model/' }
          const other = await maxsift.createIndex(target)
          await other.add([{ id: 'own', text: 'What was there before.' }])
          const original = new Uint8Array(await (await index.export()).arrayBuffer())
          const { length } = original
          const changed = [
            original.slice(0, 0),
            original.slice(0, length >> 1),
            original.slice(0, -1),
            original.slice(1),
          ]
          // Everywhere: its head, its manifest, its blobs.
          for (let i = 0; i < 40; i++) {
            const copy = original.slice()
            copy[Math.floor((i / 40) * length)] ^= 1
            changed.push(copy)
          }
          const longer = new Uint8Array(length + 1)
          longer.set(original)
          changed.push(longer)
          const found: unknown[] = []
          for (const file of changed) {
            const { error } = await settle(async () => {
              await (await maxsift.importIndex(file, target)).close()
            })
            found.push(error?.code ?? error?.message ?? 'imported')
          }
          const { hits } = await other.search('before')
          await other.close()
          return { found, ids: hits.map(({ id }) => id) }
        }),
      null,
    )
    expect(found).toHaveLength(45)
    for (const failure of found) expect(failure).toMatch(/^(INVALID_INDEX_FILE|INDEX_VERSION_MISMATCH|STORE_CORRUPT)$/)
    expect(ids).toEqual(['own'])
    await tab.reload()
    expect(await tab.open({ name: 'target' })).toMatchObject({ documents: 1, pending: 0 })
  })
})
