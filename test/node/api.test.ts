import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { createIndex, Engine, importIndex, MaxsiftError, nodeEnvironment } from '../../src/node/index.ts'
import { loadGolden } from '../goldens/checkpoints.ts'
import { gpuMissing } from '../gpu.ts'
import { modelFolder, temporaryFolder } from './folder.ts'

const documents = [
  { id: 'a', text: 'The lamp of the old lighthouse turns.' },
  { id: 'b', text: 'Jupiter has four bright moons.' },
]

it('an index lives in a folder, or says that it does not', async () => {
  const error = await createIndex({ model: modelFolder('pylate') }).catch((reason) => reason)
  expect(error).toBeInstanceOf(MaxsiftError)
  expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('`source`') })
})

describe.skipIf(await gpuMissing())('maxsift/node', () => {
  const model = modelFolder('pylate')

  it('keeps an index in a folder', async () => {
    const source = join(await temporaryFolder(), 'index')
    const index = await createIndex({ source, model })
    expect(await index.add(documents)).toMatchObject({ added: 2 })
    expect(await index.info()).toMatchObject({ store: 'folder', documents: 2, writable: true })
    const { hits } = await index.search('bright moons of Jupiter')
    await index.close()
    const again = await createIndex({ source: pathToFileURL(source), model: pathToFileURL(model) })
    expect((await again.search('bright moons of Jupiter')).hits).toEqual(hits)
    expect(await again.add(documents)).toMatchObject({ unchanged: 2 })
    const copy = await importIndex(await again.export(), { name: 'copy', model })
    expect((await copy.search('bright moons of Jupiter')).hits).toEqual(hits)
    await copy.close()
    await again.close()
  })

  it('keeps one in memory', async () => {
    const index = await createIndex({ store: 'memory', model })
    await index.add(documents)
    expect((await index.search('lamp')).hits).toHaveLength(2)
    await index.close()
    await expect(index.search('lamp')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('has an engine without an index', async () => {
    const { queries, documents, scores } = await loadGolden('pylate')
    const engine = await Engine.open(nodeEnvironment, model)
    const [encoding] = await engine.encode('query', [queries[0].text])
    expect([...encoding.ids]).toEqual(queries[0].ids)
    const found = await engine.score(queries[0].text, documents)
    for (const [i, score] of found.entries()) expect(Math.abs(score! - scores[0][i])).toBeLessThan(1e-3)
    await engine.close()
  })

  it('refuses weights that give no numbers', async () => {
    const folder = await temporaryFolder()
    await cp(model, folder, { recursive: true })
    const file = join(folder, '3_Dense', 'model.safetensors')
    const bytes = await readFile(file)
    bytes.writeFloatLE(Number.NaN, bytes.length - 4)
    await writeFile(file, bytes)
    const engine = await Engine.open(nodeEnvironment, folder)
    await expect(engine.encode('query', ['lamp'])).rejects.toMatchObject({ code: 'MODEL_INVALID' })
    await engine.close()
  })

  it('scores for several queries at once as one by one, also where their lengths differ', async () => {
    const { queries, documents, scores } = await loadGolden('pylate-no-expansion')
    expect(new Set(queries.map(({ kept }) => kept.length)).size).toBeGreaterThan(1)
    const engine = await Engine.open(nodeEnvironment, modelFolder('pylate-no-expansion'))
    const texts = queries.map(({ text }) => text)
    const together = await engine.scores(texts, documents)
    expect(together.length).toBe(texts.length)
    together.forEach((found, q) => {
      found.forEach((score, d) => {
        if (score === null) expect(documents[d].kept).toHaveLength(0)
        else expect(Math.abs(score - scores[q][d]), `${q}, ${d}`).toBeLessThan(1e-3)
      })
    })
    const alone = await engine.score(texts[0], documents)
    alone.forEach((score, d) => {
      if (score !== null) expect(Math.abs(score - together[0][d]!)).toBeLessThan(1e-4)
    })
    await engine.close()
  })

  it('names a missing model', async () => {
    const missing = createIndex({ store: 'memory', model: '/nowhere/model' })
    await expect(missing).rejects.toMatchObject({ code: 'MODEL_FETCH_FAILED' })
  })
})
