import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { browserMissing, type Demo, openDemo } from '../e2e/demo.ts'
import { loadMiniLM, minilmMissing, modelFolder } from './minilm.ts'

const cranfield = resolve(import.meta.dirname, '../../../shared/corpora/cranfield')
const missing =
  minilmMissing ?? browserMissing ?? (existsSync(cranfield) ? null : 'the collection is missing: ../shared/corpora')
const DOCUMENTS = 100

/** The shortest of the collection: a software adapter takes seconds for each long one. */
function shortest(): { _id: string; title: string; text: string }[] {
  const lines = readFileSync(join(cranfield, 'corpus.jsonl'), 'utf8').trim().split('\n')
  const documents = lines.map((line) => JSON.parse(line)).filter(({ text }) => text.trim())
  return documents.sort((a, b) => a.text.length - b.text.length).slice(0, DOCUMENTS)
}

describe.skipIf(missing)(`a hundred documents, offline${missing ? ` — ${missing}` : ''}`, () => {
  let demo: Demo
  afterAll(() => demo?.close())

  it('gives the same ten hits for ten queries after a restart without a network', async () => {
    const { queries } = loadMiniLM()
    demo = await openDemo(modelFolder())
    const lines = shortest().map((document) => JSON.stringify(document))
    await demo.add('cranfield.jsonl', lines.join('\n'), 1_500_000)
    const ask = async () => {
      const found = []
      for (const { text } of queries.slice(0, 10)) found.push(await demo.search(text))
      return found
    }
    const before = await ask()
    expect(before.map((hits) => hits.length)).toEqual(Array(10).fill(10))
    await demo.keptOffline()
    await demo.closeBrowser()
    await demo.stopServer()
    await demo.start()
    expect(await ask()).toEqual(before)
    expect(demo.complaints).toEqual([])
  }, 1_800_000)
})
