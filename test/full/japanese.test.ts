/** Japanese in the built package: in Chromium under the strict policy, and on the command line. */
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, chromium } from 'playwright'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromiumArguments, findChromium, refusedArguments } from '../../scripts/chromium.mjs'
import { serve } from '../../scripts/serve.mjs'
import { type Golden, parseGolden } from '../goldens/checkpoints.ts'
import { gpuMissing } from '../gpu.ts'
import {
  digest,
  digests,
  golden,
  jacolbert,
  openMorphemes,
  shared,
  missing as sharedMissing,
} from '../japanese/goldens.ts'
import { expectJSQuAD } from '../japanese/jsquad.ts'
import { maxError } from '../kernels/harness.ts'
import { cli } from '../node/cli.ts'
import { writeJacolbert } from './jacolbert.ts'

const noBrowser = process.env.MAXSIFT_NO_CHROMIUM ?? (findChromium() ? null : 'no Chromium')
const noGpu = await gpuMissing()

const PROGRAM = `
import { createIndex } from './maxsift/index.js'
import { japaneseDictionary } from './maxsift/japanese.js'
try {
  const { documents, queries, options, dictionary } = await (await fetch('texts.json')).json()
  const japanese = dictionary && japaneseDictionary()
  const index = await createIndex({ model: './model/', store: 'memory', codec: 'f32', splitPassages: false, japanese, ...options })
  await index.add(documents)
  const found = []
  for (const query of queries) found.push((await index.search(query, { mode: 'semantic' })).hits.map(({ id, score }) => [id, score]))
  await index.close()
  globalThis.outcome = { found }
} catch (error) {
  globalThis.outcome = { code: error.code, message: error.message, remedy: error.remedy }
}
`

/** The engine alone: what the words of texts are, and how long that took. */
const WORDS = `
import { open } from './maxsift/japanese-engine.js'
const texts = await (await fetch('texts.json')).json()
const started = performance.now()
const split = await open(new URL('maxsift/unidic-lite.bin', location.href).href)
const opened = performance.now()
const words = texts.map((text) => {
  const found = []
  split(text, 0, text.length, (from, to) => found.push(text.slice(from, to)))
  return found.join()
})
globalThis.outcome = { words, open: opened - started, split: performance.now() - opened }
`

interface Outcome {
  found: [string, number][][]
  code?: string
  message?: string
  remedy?: string
  requests: string[]
}

const read = (name: string) => new Uint8Array(readFileSync(join(jacolbert, name)))

describe.skipIf(noBrowser)(`Japanese in Chromium${noBrowser ? ` (not run: ${noBrowser})` : ''}`, () => {
  let browser: Browser
  const expected = parseGolden<Golden>(read('golden.json'), read('golden.bin'))
  const documents = expected.documents.map(({ text }, i) => ({ id: String(i), text }))
  const queries = expected.queries.map(({ text }) => text)

  beforeAll(async () => {
    const executablePath = findChromium()?.path
    browser = await chromium.launch({ executablePath, args: chromiumArguments, ignoreDefaultArgs: refusedArguments })
  })
  afterAll(() => browser?.close())

  async function visit(program: string, texts: unknown, model = join(jacolbert, 'model'), replaced = {}) {
    const script = '<!doctype html><html lang="ja"><title>t</title><script type="module" src="main.js"></script></html>'
    const server = await serve({
      folders: { '/maxsift/': 'dist', '/model/': model },
      texts: {
        '/': '',
        '/index.html': script,
        '/main.js': program,
        '/texts.json': JSON.stringify(texts),
        '/favicon.ico': '',
        ...replaced,
      },
    })
    const context = await browser.newContext()
    try {
      const page = await context.newPage()
      await page.goto(`${server.address}index.html`)
      const outcome = await page.waitForFunction(() => Reflect.get(globalThis, 'outcome'), null, { timeout: 500_000 })
      return { ...(await outcome.jsonValue()), requests: server.requests }
    } finally {
      await context.close()
      await server.close()
    }
  }

  it('gives the scores of sentence-transformers', async () => {
    // An empty document has token vectors in a golden, and none in an index.
    const filled = documents.filter(({ text }) => text !== '')
    const { found, requests }: Outcome = await visit(PROGRAM, { documents: filled, queries, dictionary: true })
    queries.forEach((query, i) => {
      if (query === '') return
      for (const [id, score] of found[i]) expect(Math.abs(score - expected.scores[i][Number(id)])).toBeLessThan(1e-3)
      expect(found[i].length).toBe(10)
    })
    expect(requests.filter((url) => url.endsWith('unidic-lite.bin')).length).toBe(1)
  })

  it('says what to do where the dictionary is not given, is missing, or is another', async () => {
    const texts = { documents, queries }
    const without: Outcome = await visit(PROGRAM, texts)
    expect([without.code, without.remedy]).toEqual([
      'MODEL_UNSUPPORTED',
      expect.stringContaining("japaneseDictionary()`, imported from 'maxsift/japanese'"),
    ])
    expect(without.requests.some((url) => url.includes('unidic') || url.includes('japanese-engine'))).toBe(false)
    const all = { ...texts, dictionary: true }
    const model = join(jacolbert, 'model')
    const other: Outcome = await visit(PROGRAM, all, model, { '/maxsift/unidic-lite.bin': 'mxja' })
    expect(other.code).toBe('INTEGRITY_MISMATCH')
  })

  it.skipIf(sharedMissing)('splits JSQuAD as MeCab does', async () => {
    const lines = readFileSync(join(shared, 'corpora/jsquad/corpus.jsonl'), 'utf8').trim().split('\n')
    const texts = lines.map((line) => JSON.parse(line).text.normalize('NFKC'))
    const { words, open, split } = await visit(WORDS, texts)
    const wanted = digests(golden('jsquad').words)
    expect(words.filter((found: string, i: number) => digest([found]) !== wanted[i])).toEqual([])
    const characters = texts.join('').length
    console.log(`${characters} characters in ${Math.round(split)} ms, after ${Math.round(open)} ms of unpacking`)
  })

  it.skipIf(sharedMissing)('runs a checkpoint as large as JaColBERTv2.5', async () => {
    const model = writeJacolbert()
    try {
      const lines = readFileSync(join(shared, 'corpora/jsquad/corpus.jsonl'), 'utf8').split('\n')
      const passages = [lines[0], lines[600]].map((line, i) => ({ id: String(i), text: JSON.parse(line).text }))
      // The weights know nothing but that equal words are alike.
      const first = passages.map(({ text }) => text.slice(0, 30))
      const { found, code, message }: Outcome = await visit(
        PROGRAM,
        { documents: passages, queries: first, dictionary: true },
        model,
      )
      expect([code, message]).toEqual([undefined, undefined])
      expect(found.map((hits) => hits[0][0])).toEqual(['0', '1'])
      // A query has 32 rows or more, each with a best match of at most 1.
      for (const [, score] of found.flat()) expect(score).toBeGreaterThan(1)
      expect(found[0].length).toBe(2)
    } finally {
      rmSync(model, { recursive: true })
    }
  })
})

describe.skipIf(sharedMissing)(`JSQuAD${sharedMissing ? ` (not run: ${sharedMissing})` : ''}`, () => {
  it('has the ids of BertJapaneseTokenizer, all of it', async () => expectJSQuAD(await openMorphemes(), 1))
})

describe.skipIf(noGpu)(`Japanese on the command line${noGpu ? ` (not run: ${noGpu})` : ''}`, () => {
  it('encodes as sentence-transformers does, and finds the dictionary by itself', async () => {
    const expected = parseGolden<Golden>(read('golden.json'), read('golden.bin'))
    for (const role of ['query', 'document'] as const) {
      const texts = (role === 'query' ? expected.queries : expected.documents).filter(({ text }) => text !== '')
      const model = join(jacolbert, 'model')
      const { code, lines, notes } = await cli(
        'encode',
        `--${role}`,
        '--model',
        model,
        '--',
        ...texts.map((t) => t.text),
      )
      expect([code, notes.includes('not supported')]).toEqual([0, false])
      lines.forEach(({ ids, kept, vectors }, i) => {
        expect([ids, kept]).toEqual([texts[i].ids, texts[i].kept])
        expect(maxError(Float32Array.from(vectors.flat()), texts[i].vectors)).toBeLessThan(1e-4)
      })
    }
  })

  it('pads queries by another rule on request', async () => {
    const text = parseGolden<Golden>(read('golden.json'), read('golden.bin')).queries[7].text
    const rows = async (rule: string) => {
      const model = ['--model', join(jacolbert, 'model'), '--query-length', rule]
      const { lines } = await cli('encode', '--query', ...model, '--', text)
      return [lines[0].ids.length, lines[0].truncated]
    }
    // 29 tokens with markers.
    expect(await rows('dynamic')).toEqual([37, false])
    expect(await rows('fixed')).toEqual([32, false])
    expect(await rows('rerankers-16')).toEqual([32, false])
    expect(await rows('min')).toEqual([32, false])
  })
})
