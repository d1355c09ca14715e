import { cp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { folderStore } from '../../src/node/folder-store.ts'
import { loadReranker } from '../goldens/rerankers.ts'
import { gpuMissing } from '../gpu.ts'
import { cli, cliWith } from './cli.ts'
import { copyOfModel, modelFolder, readFolder, temporaryFolder, writeFiles } from './folder.ts'

const DOCUMENTS = {
  'lamp.md':
    '# Lamp\n\nThe lamp of the old lighthouse turns once in nine seconds.\n\n## Bread\n\nFeed a sourdough starter.\n',
  'moons/jupiter.html':
    '<title>Moons</title><nav>Home</nav><main><h2 id=four>Jupiter</h2><p>Jupiter has four bright moons.</main>',
  'brakes.txt': 'Brakes squeal when the pads are dirty and wet.',
  'more.jsonl':
    '{"_id":"sea","title":"Sea","text":"The sea carries the sand."}\n{"id":"__proto__","text":"Water boils.","meta":{"a":1}}\n',
}

describe.skipIf(await gpuMissing())('index and search', () => {
  const model = modelFolder('pylate')

  /** A folder of documents and an index of them. */
  async function indexed(...options: string[]) {
    const folder = await temporaryFolder()
    const documents = join(folder, 'documents')
    const out = join(folder, 'index')
    await writeFiles(documents, DOCUMENTS)
    const index = (...more: string[]) => cli('index', documents, '--out', out, '--model', model, ...more)
    const outcome = await index(...options)
    expect(outcome.code, outcome.notes).toBe(0)
    return { folder, documents, out, index, summary: outcome.lines[0] }
  }

  it('makes an index that is found again without naming the model', async () => {
    const { out, summary } = await indexed()
    expect(summary).toMatchObject({
      documents: 5,
      added: 5,
      updated: 0,
      unchanged: 0,
      removed: 0,
      skipped: 0,
      passages: 6,
      codec: 'int8',
      dim: 48,
      backend: 'webgpu',
    })
    expect(summary.adapter).toBeTypeOf('string')
    expect(summary.tokens).toBeGreaterThan(30)
    const { code, lines, notes } = await cli(
      'search',
      out,
      'Jupiter has four bright moons.',
      '--limit',
      '5',
      '--explain',
    )
    expect(code, notes).toBe(0)
    expect(lines).toHaveLength(1)
    const [{ hits, total, mode, backend, adapter }] = lines
    expect({ total, mode, backend, adapter }).toEqual({
      total: 5,
      mode: 'semantic',
      backend: 'webgpu',
      adapter: summary.adapter,
    })
    expect(hits).toHaveLength(5)
    const found = hits.find(({ id }: { id: string }) => id === 'moons/jupiter.html')
    expect(found).toMatchObject({
      title: 'Moons',
      url: 'moons/jupiter.html',
      passage: { text: 'Jupiter\nJupiter has four bright moons.', heading: 'Jupiter', anchor: 'four' },
    })
    const shares: number = found.explain.reduce((sum: number, { share }: { share: number }) => sum + share, 0)
    expect(shares).toBeCloseTo(found.score, 3)
    expect((await cli('search', out, 'x', '--limit', '0')).lines[0].hits).toEqual([])
    expect((await cli('search', out, '', '--limit', '2')).lines[0].hits).toEqual([])
    expect((await cli('search', out, 'x', '--limit', '99')).lines[0].hits).toHaveLength(5)
  })

  it('searches by words, for which no model is needed, and by both', async () => {
    const { out, folder } = await indexed()
    await rename(out, join(folder, 'moved'))
    const moved = join(folder, 'moved')
    const { code, lines, notes } = await cli('search', moved, '"four bright" moons', '--mode', 'lexical', '--explain')
    expect([code, notes]).toEqual([0, ''])
    expect(lines[0]).toMatchObject({ mode: 'lexical', backend: null, adapter: null, total: 5 })
    expect(lines[0].hits.map(({ id }: { id: string }) => id)).toEqual(['moons/jupiter.html'])
    const [both] = (await cli('search', moved, 'bright moons', '--mode', 'hybrid', '--model', model)).lines
    expect(both).toMatchObject({ mode: 'hybrid', backend: 'webgpu' })
    expect(both.hits[0]).toMatchObject({ id: 'moons/jupiter.html', fusion: { lexical: expect.any(Number) } })
    expect((await cli('search', moved, 'x', '--mode', 'psychic')).code).toBe(2)
  })

  it('puts hits in the order of a cross-encoder', async () => {
    const { pairs } = await loadReranker('reranker-bert')
    // Those of one query that are whole in the passages of this model.
    const wanted = [0, 1, 4].map((i) => pairs[i]).sort((a, b) => b.score - a.score)
    const folder = await temporaryFolder()
    const documents = wanted.map(({ document }) => JSON.stringify({ id: document.slice(0, 4), text: document }))
    await writeFiles(folder, { 'documents.jsonl': documents.join('\n') })
    const out = join(folder, 'index')
    const reranker = join(model, '../../reranker-bert/model')
    expect((await cli('index', join(folder, 'documents.jsonl'), '--out', out, '--model', model)).code).toBe(0)
    const search = (...more: string[]) => cli('search', out, wanted[0].query, '--rerank', reranker, ...more)
    const { code, lines, notes } = await search()
    expect(code, notes).toBe(0)
    expect(lines[0].hits.map(({ id }: { id: string }) => id)).toEqual(
      wanted.map(({ document }) => document.slice(0, 4)),
    )
    for (const [i, { rerank }] of lines[0].hits.entries()) expect(rerank).toBeCloseTo(wanted[i].score, 3)
    // All of them are read, and the best of them shown.
    expect((await search('--limit', '1')).lines[0].hits).toEqual(lines[0].hits.slice(0, 1))
    const other = await cli('search', out, wanted[0].query, '--rerank', model)
    expect([other.code, other.notes]).toEqual([1, expect.stringContaining('no reranker')])
    expect((await cli('search', out, 'x', '--rerank', '')).code).toBe(2)
  })

  it('gives the scores of `score` with f32', async () => {
    const { out, folder } = await indexed('--codec', 'f32')
    const file = join(folder, 'same.jsonl')
    await writeFile(
      file,
      '{"id":"brakes.txt","text":"Brakes squeal when the pads are dirty and wet."}\n{"id":"sea","title":"Sea","text":"The sea carries the sand."}',
    )
    const { lines } = await cli('score', '--query', 'wet sand', '--file', file, '--model', model)
    const [{ hits }] = (await cli('search', out, 'wet sand')).lines
    for (const { id, score } of lines) {
      expect(hits.find((hit: { id: string }) => hit.id === id).score).toBeCloseTo(score, 3)
    }
  })

  it('equal input gives equal bytes', async () => {
    const first = await indexed()
    const many = Array.from({ length: 80 }, (_, i) =>
      JSON.stringify({ id: `n${i}`, text: `Number ${i}: ${'the sea and the sand '.repeat(i % 8)}` }),
    )
    const files: Record<string, string>[] = []
    for (const _ of [1, 2]) {
      const { documents, out, index } = await indexed()
      await writeFiles(documents, { 'many.jsonl': many.join('\n') })
      await rm(out, { recursive: true })
      await index('--codec', 'f32')
      files.push(await readFolder(out))
    }
    expect(Object.keys(files[0]).length).toBeGreaterThan(3)
    expect(files[1]).toEqual(files[0])
    expect(await readFolder((await indexed()).out)).toEqual(await readFolder(first.out))
  })

  it('brings an index up to date', async () => {
    const { documents, out, index } = await indexed()
    expect((await index()).lines[0]).toMatchObject({ documents: 5, added: 0, updated: 0, unchanged: 5, removed: 0 })
    await writeFiles(documents, {
      'brakes.txt': 'New pads are quiet.',
      'new.md': 'More.',
      'more.jsonl': '{"id":"sea","title":"Sea","text":"The sea carries the sand."}',
    })
    await rm(join(documents, 'lamp.md'))
    expect((await index('--keep')).lines[0]).toMatchObject({
      documents: 6,
      added: 1,
      updated: 1,
      unchanged: 2,
      removed: 0,
    })
    expect((await index()).lines[0]).toMatchObject({ documents: 4, added: 0, updated: 0, unchanged: 4, removed: 2 })
    const [{ hits }] = (await cli('search', out, 'New pads are quiet.')).lines
    expect(hits.map(({ id }: { id: string }) => id).sort()).toEqual([
      'brakes.txt',
      'moons/jupiter.html',
      'new.md',
      'sea',
    ])
    expect(hits.find(({ id }: { id: string }) => id === 'brakes.txt').passage.text).toBe('New pads are quiet.')
  })

  it('pages have the addresses that they will be read at, or none', async () => {
    const { documents, out, index } = await indexed()
    await writeFiles(documents, { 'moons/io & #5.md': 'Io.' })
    const urls = async (...options: string[]) => {
      await index(...options)
      const [{ hits }] = (await cli('search', out, 'x', '--limit', '99')).lines
      return Object.fromEntries(hits.map(({ id, url }: { id: string; url?: string }) => [id, url]))
    }
    const relative = await urls()
    expect(relative).toMatchObject({
      'lamp.md': 'lamp.md',
      'moons/jupiter.html': 'moons/jupiter.html',
      'moons/io & #5.md': 'moons/io%20%26%20%235.md',
    })
    expect([relative['brakes.txt'], relative.sea]).toEqual([undefined, undefined])
    const prefixed = await urls('--url', 'https://site.test/docs/')
    expect(prefixed['moons/jupiter.html']).toBe('https://site.test/docs/moons/jupiter.html')
    expect(Object.values(await urls('--no-url')).filter(Boolean)).toEqual([])
  })

  it('skips what it cannot take, counts it, and keeps what may only be out of reach', async () => {
    const { documents, index } = await indexed()
    await writeFiles(documents, { 'binary.txt': new Uint8Array([0, 1]), 'empty.md': '' })
    await rm(join(documents, 'brakes.txt'))
    const empty = await index()
    expect(empty.lines[0]).toMatchObject({ documents: 4, removed: 1, skipped: 2 })
    expect(empty.notes).toContain('empty.md is empty')
    await rm(join(documents, 'lamp.md'))
    if (process.platform === 'win32') return
    await symlink('nowhere', join(documents, 'lost.md'))
    const lost = await index()
    expect(lost.lines[0]).toMatchObject({ documents: 4, removed: 0, skipped: 3 })
    expect(lost.notes).toContain('Nothing is removed')
  })

  it('skips a document that is too long for a segment, and goes on with the rest', async () => {
    const { documents, index } = await indexed('--codec', 'f32')
    // 48 numbers of 4 bytes a token: 32 MiB are full at 175,000 tokens.
    await writeFiles(documents, { 'a-long.txt': 'a b c d e f g h i j '.repeat(20_000), 'z.txt': 'Last.' })
    const { lines, notes } = await index()
    expect(notes).toContain('Skipped: a-long.txt Document 0 is too long')
    expect(lines[0]).toMatchObject({ documents: 6, added: 1, unchanged: 5, removed: 0, skipped: 1 })
  })

  it('stops at a bad line, and what came before stays', async () => {
    const { documents, out, index } = await indexed()
    await writeFiles(documents, { 'a.txt': 'Before.', 'bad.jsonl': '{"id":"x","text":"y"}\nbad' })
    const { code, notes, lines } = await index()
    expect(code).toBe(1)
    expect(lines).toEqual([])
    expect(notes).toContain('INVALID_ARGUMENT')
    expect(notes).toContain('bad.jsonl, line 2')
    expect((await cli('search', out, 'x', '--limit', '99')).lines[0].hits.length).toBeGreaterThanOrEqual(5)
  })

  it('an abort leaves a searchable index, and the next run goes on', async () => {
    const folder = await temporaryFolder()
    const out = join(folder, 'index')
    const lines = Array.from({ length: 200 }, (_, i) =>
      JSON.stringify({ id: `n${i}`, text: `Number ${i} of the sea. ${'Sand and water. '.repeat(10)}` }),
    )
    await writeFiles(folder, { 'many.jsonl': lines.join('\n') })
    const control = new AbortController()
    const running = cliWith(control.signal, 'index', join(folder, 'many.jsonl'), '--out', out, '--model', model)
    const store = folderStore(out)
    while (!(await store.manifest())?.segments.length) await new Promise((resolve) => setTimeout(resolve, 20))
    control.abort()
    const { code, lines: printed } = await running
    expect(code).toBe(1)
    expect(printed).toEqual([])
    const [{ hits, total }] = (await cli('search', out, 'sand', '--limit', '3')).lines
    expect(hits).toHaveLength(3)
    expect(total).toBeLessThan(200)
    const again = await cli('index', join(folder, 'many.jsonl'), '--out', out)
    expect(again.lines[0]).toMatchObject({ documents: 200, removed: 0, skipped: 0 })
    expect(again.lines[0].unchanged).toBeGreaterThanOrEqual(64)
    expect(again.lines[0].added + again.lines[0].unchanged).toBe(200)
  })

  it('records the model beside the index, and says so when it is gone', async () => {
    const folder = await temporaryFolder()
    const model = modelFolder('stanford')
    await cp(model, join(folder, 'site/model'), { recursive: true })
    await writeFiles(folder, DOCUMENTS)
    const out = join(folder, 'site/search')
    const made = await cli('index', join(folder, 'brakes.txt'), '--out', out, '--model', join(folder, 'site/model'))
    expect(made.code, made.notes).toBe(0)
    // No path of this computer goes into what will be published.
    expect(await readFile(join(out, 'manifest.json'), 'utf8')).toContain('"source":"../model"')
    await rename(join(folder, 'site'), join(folder, 'moved'))
    const moved = join(folder, 'moved/search')
    expect((await cli('search', moved, 'pads')).lines[0].hits).toHaveLength(1)
    await rm(join(folder, 'moved/model'), { recursive: true })
    const gone = await cli('search', moved, 'pads')
    expect(gone).toMatchObject({ code: 1, lines: [] })
    expect(gone.notes).toMatch(/built with the model model: There is no folder .*moved.model/)
    expect(gone.notes).toContain('--model DIR')
    expect((await cli('search', moved, 'pads', '--model', model)).lines[0].hits).toHaveLength(1)
  })

  it('searches an index on the web, with the model beside it', async () => {
    const { folder, out } = await indexed()
    await cp(model, join(folder, 'model'), { recursive: true })
    const served = join(folder, 'search')
    await cli('index', join(folder, 'documents'), '--out', served, '--model', join(folder, 'model'))
    const server = createServer(async ({ url }, response) => {
      const content = await readFile(join(folder, new URL(url!, 'http://x').pathname)).catch(() => null)
      response.writeHead(content ? 200 : 404).end(content)
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    try {
      const here = await cli('search', out, 'moons')
      const { code, lines, notes } = await cli('search', `${address}/search`, 'moons')
      expect(code, notes).toBe(0)
      expect(lines[0].hits).toEqual(here.lines[0].hits)
      const encoded = await cli('encode', '--query', '--model', `${address}/model/`, 'moons')
      expect(encoded.lines[0].dim).toBe(48)
      expect((await cli('encode', '--query', '--model', `${address}/none`, 'x')).notes).toContain('MODEL_INVALID')
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })

  it('refuses another model, and a damaged index; looking changes nothing', async () => {
    const { out, index } = await indexed()
    const before = await readFolder(out)
    const other = await cli('search', out, 'x', '--model', modelFolder('stanford'))
    expect(other.code).toBe(1)
    expect(other.notes).toContain('MODEL_MISMATCH')
    await cli('search', out, 'x', '--model', await copyOfModel('pylate'))
    expect(await readFolder(out)).toEqual(before)
    const kept = await index('--codec', 'f16')
    expect(kept.notes).toContain('keeps its codec, int8')
    expect(kept.lines[0].codec).toBe('int8')
    await writeFile(join(out, 'manifest.json'), '{"format":"maxsift","version":99}')
    expect((await cli('search', out, 'x', '--model', model)).notes).toContain('INDEX_VERSION_MISMATCH')
    await writeFile(join(out, 'manifest.json'), '{"format":')
    expect((await cli('search', out, 'x', '--model', model)).notes).toContain('INVALID_INDEX_FILE')
  })
})
