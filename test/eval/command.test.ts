import { cp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { METRICS, measure } from '../../src/eval/metrics.ts'
import { readRun } from '../../src/eval/run.ts'
import { readChunks } from '../../src/node/files.ts'
import { gpuMissing } from '../gpu.ts'
import { cli, cliWith } from '../node/cli.ts'
import { modelFolder, temporaryFolder } from '../node/folder.ts'
import { onnxFolder, onnxMissing } from '../onnx/runtime.ts'
import { documents, jsonl, qrels, queries, writeShelf } from './shelf.ts'

const model = modelFolder('stanford')

/** The files with vectors below a folder, by path. */
async function vectorFiles(folder: string, ending = '.f32'): Promise<string[]> {
  const paths = await readdir(folder, { recursive: true })
  return paths.filter((path) => path.endsWith(ending)).sort()
}

describe('maxsift eval', () => {
  it('measures BM25, a line a system', async () => {
    const shelf = await writeShelf(join(await temporaryFolder(), 'shelf'))
    const { code, lines, notes } = await cli('eval', shelf, '--bm25')
    expect(code, notes).toBe(0)
    expect(lines.map(({ system }) => system)).toEqual(['bm25', 'bm25-lucene'])
    for (const line of lines) {
      expect(Object.keys(line).slice(0, 11)).toEqual([
        ...METRICS,
        'queries',
        'documents',
        'bytes_per_token',
        'bytes_per_passage',
      ])
      expect(line).toMatchObject({
        collection: 'shelf',
        split: 'test',
        queries: 7,
        unjudged: 1,
        unanswered: 0,
        documents: 40,
      })
      expect(line.bytes_per_token).toBeNull()
      expect(line['ndcg@10']).toBeGreaterThan(0.3)
      expect(Object.keys(line.seconds)).toEqual(['index', 'search'])
    }
  })

  it('writes runs, which measure the same when they are read', async () => {
    const folder = await temporaryFolder()
    const shelf = await writeShelf(join(folder, 'shelf'))
    const path = join(folder, 'runs.trec')
    const own = await cli('eval', shelf, '--bm25', '--write-run', path, '--per-query', join(folder, 'queries.jsonl'))
    expect(own.code, own.notes).toBe(0)
    const files = ['bm25', 'bm25-lucene'].map((system) => join(folder, `runs.shelf.${system}.trec`))
    const back = await cli(
      'eval',
      shelf,
      ...files.flatMap((file) => ['--run', file]),
      '--write-run',
      join(folder, 'again.trec'),
    )
    expect(back.code, back.notes).toBe(0)
    for (const [i, line] of back.lines.entries()) {
      for (const metric of METRICS) expect(line[metric]).toBe(own.lines[i][metric])
      expect(line.system).toBe(own.lines[i].system)
      const again = join(folder, `again.shelf.${line.system}.trec`)
      expect(await readFile(again, 'utf8')).toBe(await readFile(files[i], 'utf8'))
    }
    // By hand, from the file.
    const { rankings } = await readRun(readChunks(files[1]), files[1])
    const text = await readFile(join(folder, 'queries.jsonl'), 'utf8')
    const perQuery = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(perQuery).toHaveLength(14)
    let sum = 0
    for (const { _id } of queries.slice(0, 7)) {
      const grades = new Map(
        qrels.filter(([query]) => query === _id).map(([, id, grade]) => [String(id), Number(grade)]),
      )
      const measures = measure(rankings.get(_id) ?? [], grades)
      const line = perQuery.find(({ query, system }) => query === _id && system === 'bm25-lucene')
      expect(line).toEqual({ collection: 'shelf', split: 'test', system: 'bm25-lucene', query: _id, ...measures })
      sum += measures['ndcg@10']
    }
    expect(own.lines[1]['ndcg@10']).toBeCloseTo(sum / 7, 12)
  })

  it('writes the run of one system where it is told to', async () => {
    const folder = await temporaryFolder()
    const shelf = await writeShelf(join(folder, 'shelf'))
    await writeFile(join(folder, 'in.trec'), 'q0 Q0 d0 1 2 mine\nq7 Q0 d0 1 2 mine\n')
    const { lines, code } = await cli(
      'eval',
      shelf,
      '--run',
      join(folder, 'in.trec'),
      '--write-run',
      join(folder, 'out.trec'),
    )
    expect(code).toBe(0)
    expect(lines).toMatchObject([{ system: 'mine', queries: 7, unanswered: 6, seconds: {} }])
    expect(lines[0]['success@1']).toBeCloseTo(1 / 7, 12)
    expect(await readFile(join(folder, 'out.trec'), 'utf8')).toBe('q0 Q0 d0 1 2 mine\n')
  })

  it('reports: Markdown, JSON and pictures', async () => {
    const folder = await temporaryFolder()
    const shelves = [await writeShelf(join(folder, 'a&b')), await writeShelf(join(folder, 'other'))]
    const report = join(folder, 'report')
    const { code, notes, lines } = await cli(
      'eval',
      ...shelves,
      '--bm25',
      '--report',
      report,
      '--against',
      'bm25-lucene',
    )
    expect(code, notes).toBe(0)
    expect((await readdir(report)).sort()).toEqual([
      'quality-a-b.svg',
      'quality-other.svg',
      'queries-bm25.svg',
      'report.json',
      'report.md',
    ])
    const json = JSON.parse(await readFile(join(report, 'report.json'), 'utf8'))
    expect(json.results).toEqual(lines)
    expect(json).toMatchObject({ reference: 'bm25-lucene', metric: 'ndcg@10', seed: 1 })
    expect(json.pairs).toHaveLength(2)
    for (const { system, difference, wins, ties, losses, p, collection } of json.pairs) {
      expect(system).toBe('bm25')
      expect(wins + ties + losses).toBe(7)
      const [a, b] = ['bm25', 'bm25-lucene'].map((name) =>
        lines.find((line) => line.system === name && line.collection === collection),
      )
      expect(difference).toBeCloseTo(a['ndcg@10'] - b['ndcg@10'], 12)
      expect(p).toBeGreaterThan(0)
    }
    const text = await readFile(join(report, 'report.md'), 'utf8')
    for (const part of [
      '## a&b',
      '## other',
      '## Mean of a&b, other',
      '40 documents, 7 judged queries',
      '1 queries without judgements are left out',
      '(quality-a-b.svg)',
      lines[0].map.toFixed(4),
    ]) {
      expect(text).toContain(part)
    }
    for (const name of ['quality-a-b.svg', 'queries-bm25.svg']) {
      const svg = await readFile(join(report, name), 'utf8')
      expect(svg).toMatch(/^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/)
      expect(svg).toContain('a&amp;b')
    }
  })

  it.each<[string, (folder: string) => Promise<unknown>, string]>([
    ['a folder that is not there', (folder) => rm(folder, { recursive: true }), 'no such folder'],
    [
      'no judgements',
      (folder) => rm(join(folder, 'qrels'), { recursive: true }),
      'test.tsv: the judgements are missing',
    ],
    [
      'another split',
      (folder) =>
        cp(join(folder, 'qrels/test.tsv'), join(folder, 'qrels/dev.tsv')).then(() =>
          rm(join(folder, 'qrels/test.tsv')),
        ),
      'dev',
    ],
    [
      'a line cut off',
      (folder) => writeFile(join(folder, 'corpus.jsonl'), jsonl(documents).slice(0, -9)),
      'corpus.jsonl, line 40: this is not JSON',
    ],
    [
      'a stray judgement',
      (folder) => writeFile(join(folder, 'qrels/test.tsv'), 'query-id\tcorpus-id\tscore\nq0\tx\t1\n'),
      'test.tsv, line 2: there is no document "x"',
    ],
  ])('refuses %s', async (_, damage, message) => {
    const shelf = await writeShelf(join(await temporaryFolder(), 'shelf'))
    await damage(shelf)
    const { code, lines, notes } = await cli('eval', shelf, '--bm25')
    expect(code).toBe(1)
    expect(lines).toEqual([])
    expect(notes).toContain('INVALID_ARGUMENT')
    expect(notes).toContain(message)
  })

  it('refuses runs of other collections, and files that cannot be written', async () => {
    const folder = await temporaryFolder()
    const shelf = await writeShelf(join(folder, 'shelf'))
    await writeFile(join(folder, 'in.trec'), 'q0 Q0 d0 1 2 mine\nq99 Q0 d0 1 2 mine\n')
    const run = await cli('eval', shelf, '--run', join(folder, 'in.trec'))
    expect(run).toMatchObject({ code: 1, notes: expect.stringContaining('in.trec, line 2: there is no query "q99"') })
    for (const option of ['--write-run', '--per-query', '--report']) {
      const { code, notes } = await cli('eval', shelf, '--bm25', option, join(shelf, 'corpus.jsonl/out'))
      expect(code).toBe(1)
      expect(notes).toContain('cannot be written')
    }
  })

  it.each([
    [[], 'BEIR_DIR'],
    [['x', '--codec', 'int7'], '"int7"'],
    [['x', '--codec', 'int8,'], '""'],
    [['x', '--bm25', '--depth', '0'], '--depth'],
    [['x', '--bm25', '--depth', 'deep'], '--depth'],
    [['x', '--vectors', 'a', '--cache', 'b'], 'one of them'],
    [['x', 'y', '--run', 'z'], 'one BEIR_DIR'],
    [['x', '--baseline', 'a/m', '--baseline', 'b/m'], 'name m'],
    [['x', '--baseline', ''], '--baseline'],
  ])('wrong usage is code 2: %j', async (args, message) => {
    const { code, notes } = await cli('eval', ...args)
    expect(code).toBe(2)
    expect(notes).toContain(message)
    expect(notes).toContain('Usage: maxsift eval BEIR_DIR')
  })

  it('knows the systems that there are', async () => {
    const folder = await temporaryFolder()
    const shelf = await writeShelf(join(folder, 'shelf'))
    await writeFile(join(folder, 'in.trec'), 'q0 Q0 d0 1 2 bm25\n')
    const twice = await cli('eval', shelf, '--bm25', '--run', join(folder, 'in.trec'))
    expect(twice).toMatchObject({ code: 2, notes: expect.stringContaining('two systems with the name bm25') })
    const none = await cli('eval', shelf, '--bm25', '--against', 'tfidf')
    expect(none).toMatchObject({ code: 2, notes: expect.stringContaining('only bm25, bm25-lucene') })
  })
})

const missing = await gpuMissing()

describe.skipIf(missing)(`maxsift eval with a model${missing ? ` — ${missing}` : ''}`, () => {
  it('ranks as the engine scores, and tells what vectors cost', async () => {
    const folder = await temporaryFolder()
    const shelf = await writeShelf(join(folder, 'shelf'))
    const cache = join(folder, 'cache')
    const run = join(folder, 'run.trec')
    const { code, lines, notes } = await cli(
      'eval',
      shelf,
      '--model',
      model,
      '--codec',
      'f32',
      '--cache',
      cache,
      '--write-run',
      run,
    )
    expect(code, notes).toBe(0)
    expect(lines).toHaveLength(1)
    const [line] = lines
    expect(line).toMatchObject({
      system: 'model/f32',
      documents: 40,
      empty: 1,
      split_passages: false,
      bytes_per_token: 64,
      passages: 39,
    })
    expect(line.truncated).toBeGreaterThan(5)
    expect(line.bytes).toBe(line.tokens * 64)
    expect(line.bytes_per_passage).toBeCloseTo(line.bytes / 39, 9)
    expect(Object.keys(line.seconds)).toEqual(['encode', 'encode_queries', 'search'])
    expect(line.encoders).toHaveLength(1)
    const { rankings } = await readRun(readChunks(run), run)
    for (const { _id, text } of queries.slice(0, 7)) {
      const scored = await cli('score', `--query=${text}`, '--file', join(shelf, 'corpus.jsonl'), '--model', model)
      const byId = new Map(scored.lines.map(({ id, score }) => [id, score]))
      const ranking = rankings.get(_id)!
      // What is empty has no passage in an index; `score` gives it one of markers alone.
      expect(ranking.map(({ id }) => id).sort()).toEqual(
        documents
          .map(({ _id }) => _id)
          .filter((id) => id !== 'd7')
          .sort(),
      )
      for (const { id, score } of ranking) expect(Math.abs(score - byId.get(id))).toBeLessThan(1e-3)
    }
  })

  it('takes another rule for the length of queries, whose vectors are their own', async () => {
    const folder = await temporaryFolder()
    const shelf = await writeShelf(join(folder, 'shelf'))
    const [cache, run] = [join(folder, 'cache'), join(folder, 'run.trec')]
    const args = ['eval', shelf, '--model', model, '--codec', 'f32', '--cache', cache, '--write-run', run]
    await cli(...args)
    const files = await vectorFiles(cache)
    const rule = ['--query-length', 'rerankers-16']
    const { code, notes } = await cli(...args, ...rule)
    expect(code, notes).toBe(0)
    // Documents are not encoded again.
    expect(await vectorFiles(cache)).toHaveLength(files.length + 1)
    const { rankings } = await readRun(readChunks(run), run)
    const [{ _id, text }] = queries
    const file = join(shelf, 'corpus.jsonl')
    const scored = await cli('score', `--query=${text}`, '--file', file, '--model', model, ...rule)
    const byId = new Map(scored.lines.map(({ id, score }) => [id, score]))
    for (const { id, score } of rankings.get(_id)!) expect(Math.abs(score - byId.get(id))).toBeLessThan(1e-3)
    expect((await cli(...args, '--query-length', '32')).code).toBe(2)
  })

  it('encodes a collection once for all codecs, and again only what is missing', async () => {
    const folder = await temporaryFolder()
    const shelf = await writeShelf(join(folder, 'shelf'))
    const cache = join(folder, 'cache')
    const args = ['eval', shelf, '--model', model, '--codec', 'f32,f16,int8', '--cache', cache]
    const first = await cli(...args)
    expect(first.code, first.notes).toBe(0)
    expect(first.lines.map(({ system }) => system)).toEqual(['model/f32', 'model/f16', 'model/int8'])
    expect(first.lines.map((line) => line.bytes_per_token)).toEqual([64, 32, 20])
    const files = await vectorFiles(cache)
    expect(files).toHaveLength(2)
    const before = await Promise.all(files.map((file) => readFile(join(cache, file))))
    const old = new Date(1_700_000_000_000)
    for (const file of files) await utimes(join(cache, file), old, old)

    const second = await cli(...args)
    expect(second.notes).not.toContain('Encoding')
    expect(second.notes).not.toContain('Backend')
    for (const [i, line] of second.lines.entries()) {
      expect({ ...line, seconds: 0 }).toEqual({ ...first.lines[i], seconds: 0 })
      expect(line.seconds.encode).toBe(first.lines[i].seconds.encode)
    }

    const lost = files.find((file) => file.startsWith('document'))!
    await rm(join(cache, lost))
    const third = await cli(...args)
    expect(third.notes).toContain('Encoding shelf: 1 of 1 parts of its documents')
    expect(third.lines.map((line) => line['ndcg@10'])).toEqual(first.lines.map((line) => line['ndcg@10']))
    for (const [i, file] of files.entries()) {
      expect((await readFile(join(cache, file))).equals(before[i])).toBe(true)
      expect((await stat(join(cache, file))).mtime > old).toBe(file === lost)
    }
  })

  it('splits long documents where it is asked to: nothing is cut', async () => {
    const folder = await temporaryFolder()
    const shelf = await writeShelf(join(folder, 'shelf'))
    const { lines, code, notes } = await cli(
      'eval',
      shelf,
      '--model',
      model,
      '--split-passages',
      '--cache',
      join(folder, 'cache'),
      '--report',
      join(folder, 'report'),
    )
    expect(code, notes).toBe(0)
    expect(lines[0]).toMatchObject({ system: 'model/int8', split_passages: true, truncated: 0, empty: 1 })
    expect(lines[0].passages).toBeGreaterThan(60)
    expect(await readFile(join(folder, 'report/report.md'), 'utf8')).toContain('split into passages of at most')
  })

  it('takes vectors from another program, for which it leaves the inputs', async () => {
    const folder = await temporaryFolder()
    const shelf = await writeShelf(join(folder, 'shelf'))
    const [cache, given] = [join(folder, 'cache'), join(folder, 'given')]
    const own = await cli('eval', shelf, '--model', model, '--cache', cache)
    const asked = await cli('eval', shelf, '--model', model, '--vectors', given)
    expect(asked.code).toBe(1)
    expect(asked.lines).toEqual([])
    expect(asked.notes).toContain(`python training/vectors.py ${given} --model ${resolve(model)}`)
    expect(await vectorFiles(given, '.jsonl')).toEqual(
      (await vectorFiles(cache, '.jsonl')).filter((path) => !path.endsWith('made.jsonl')),
    )
    for (const file of await vectorFiles(cache)) await cp(join(cache, file), join(given, file))
    for (const file of await vectorFiles(cache, 'made.jsonl')) {
      const text = await readFile(join(cache, file), 'utf8')
      await writeFile(join(given, file), text.replace(/"encoder":".*"/, '"encoder":"someone else"'))
    }
    const made = await cli('eval', shelf, '--model', model, '--vectors', given)
    expect(made.code, made.notes).toBe(0)
    expect(made.lines[0].encoders).toEqual(['someone else'])
    for (const metric of METRICS) expect(made.lines[0][metric]).toBe(own.lines[0][metric])

    const [record] = await vectorFiles(given, 'set.json')
    const text = await readFile(join(given, record), 'utf8')
    for (const content of [text.replace('"version": 1', '"version": 2'), text.slice(0, 50), 'null']) {
      await writeFile(join(given, record), content)
      const { code, notes } = await cli('eval', shelf, '--model', model, '--vectors', given)
      expect(code).toBe(1)
      expect(notes).toContain(`${record} is not what this version`)
    }
    await writeFile(join(given, record), text)

    const [file] = (await vectorFiles(given)).filter((path) => path.startsWith('document'))
    const bytes = await readFile(join(given, file))
    for (const [content, message] of [
      [bytes.subarray(0, -4), `has ${bytes.length - 4} bytes instead of ${bytes.length}`],
      [Buffer.alloc(bytes.length, 0xff), 'not a number'],
    ] as const) {
      await writeFile(join(given, file), content)
      const { code, notes } = await cli('eval', shelf, '--model', model, '--vectors', given)
      expect(code).toBe(1)
      expect(notes).toContain(file)
      expect(notes).toContain(message)
    }
  })

  it('compares with the token vectors of another model', async () => {
    const folder = await temporaryFolder()
    const shelf = await writeShelf(join(folder, 'shelf'))
    const args = ['--baseline', `plain=${modelFolder('bert')}`, '--cache', join(folder, 'cache')]
    const { lines, code, notes } = await cli('eval', shelf, '--bm25', '--model', model, ...args)
    expect(code, notes).toBe(0)
    expect(lines.map(({ system }) => system)).toEqual(['bm25', 'bm25-lucene', 'plain/maxsim', 'model/int8'])
    expect(lines[2].model.fingerprint).not.toBe(lines[3].model.fingerprint)
  })

  it('ends when aborted, and goes on from there', async () => {
    const folder = await temporaryFolder()
    const many = Array.from({ length: 600 }, (_, i) => ({ ...documents[(i * 7) % 40], _id: `d${i}` }))
    const shelf = await writeShelf(join(folder, 'shelf'), { documents: many, queries, qrels })
    const cache = join(folder, 'cache')
    const args = ['eval', shelf, '--model', model, '--cache', cache]
    const control = new AbortController()
    const until = (async () => {
      while ((await vectorFiles(cache).catch(() => [])).length < 2) await new Promise((done) => setTimeout(done, 5))
      control.abort()
    })()
    const stopped = await cliWith(control.signal, ...args)
    await until
    expect(stopped).toMatchObject({ code: 1, lines: [] })
    const kept = (await vectorFiles(cache)).length
    const parts = (await vectorFiles(cache, '.jsonl')).length
    expect(kept).toBeGreaterThan(1)
    const { code, notes, lines } = await cli(...args)
    expect(code, notes).toBe(0)
    expect(notes).toMatch(/Encoding shelf: (\d+) of \1?\d+ parts of its documents/)
    expect(notes).not.toContain('parts of its queries')
    expect(lines[0].documents).toBe(600)
    expect(parts).toBeGreaterThan(kept)
  })
})

const onnx = await onnxMissing()

describe.skipIf(onnx)(`maxsift eval --fusion${onnx ? ` — ${onnx}` : ''}`, () => {
  it.each([
    ['int8', ['lexical', 'model/int8', 'hybrid-rrf', 'hybrid-score']],
    ['f32', ['lexical', 'model/f32', 'hybrid-rrf', 'hybrid-score']],
  ])('adds lexical search and both fusions to %s', async (codec, systems) => {
    process.chdir((await onnxFolder())!)
    const folder = await temporaryFolder()
    const shelf = await writeShelf(join(folder, 'shelf'))
    const args = ['--model', model, '--codec', codec, '--backend', 'onnx', '--cache', join(folder, 'cache')]
    const runs = join(folder, 'runs.trec')
    const { lines, code, notes } = await cli('eval', shelf, '--fusion', ...args, '--write-run', runs)
    expect(code, notes).toBe(0)
    expect(lines.map(({ system }) => system)).toEqual(systems)
    expect(lines[0].bytes_per_token).toBeNull()
    for (const line of lines.slice(2)) {
      expect(line).toMatchObject({ bytes_per_token: 20, documents: 40, unanswered: 0 })
      expect(Object.keys(line.seconds)).toEqual(['encode', 'encode_queries', 'index', 'search'])
    }
    const path = join(folder, 'runs.shelf.hybrid-rrf.trec')
    const { rankings } = await readRun(readChunks(path), path)
    // Each document with a text is in the one ranking, some are in the other.
    for (const ranking of rankings.values()) {
      expect(ranking).toHaveLength(39)
      for (const { score } of ranking) expect(score).toBeLessThanOrEqual(2 / 61)
    }
  })
})
