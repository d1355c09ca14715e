import { afterAll, describe, expect, it } from 'vitest'
import { browserMissing, type Demo, openDemo } from '../e2e/demo.ts'
import { loadMiniLM, minilmMissing, modelFolder } from './minilm.ts'

const missing = minilmMissing ?? browserMissing
const DOCUMENTS = 100

describe.skipIf(missing)(`a hundred documents, offline${missing ? ` — ${missing}` : ''}`, () => {
  let demo: Demo
  afterAll(() => demo?.close())

  it('gives the same ten hits for ten queries after a restart without a network', async () => {
    const { documents, documentIds, queries } = loadMiniLM()
    demo = await openDemo(modelFolder())
    const lines = documents
      .slice(0, DOCUMENTS)
      .map(({ text }, at) => JSON.stringify({ id: documentIds[at], title: documentIds[at], text }))
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
