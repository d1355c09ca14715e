import { describe, expect, test } from 'vitest'
import { onnxRuntime } from '../../src/onnx/index.ts'
import { openDevice } from '../gpu.ts'
import { onnxWebFolder, onnxWebMissing } from '../onnx/web.ts'
import { failureOf, setUp } from './setup.ts'
import { apiSuite } from './suite.ts'

const worker = new URL('./worker.ts', import.meta.url)
const missing = await onnxWebMissing()
const onnx = onnxRuntime(onnxWebFolder)

apiSuite(worker, 'a worker, on ONNX Runtime', { backend: 'onnx', onnx }, missing)

describe.skipIf(missing)(`ONNX Runtime in a browser${missing ? ` — ${missing}` : ''}`, () => {
  const { open, name, filled } = setUp(worker, { backend: 'onnx', onnx })

  test('says what is missing', async () => {
    for (const wrong of [undefined, onnxRuntime('/nowhere'), { ...onnx, engine: '/nowhere.js' }]) {
      const error = await failureOf(open({ onnx: wrong }))
      expect(error).toMatchObject({ code: 'ONNX_UNAVAILABLE', remedy: expect.stringContaining('onnxruntime-web') })
    }
  })

  test('is taken before WebGPU in software, and an open index stays where it is', async () => {
    const own = name()
    const { caps } = await openDevice()
    const auto = await open({ backend: 'auto' })
    expect(await auto.info()).toMatchObject({ backend: caps.fallback ? 'onnx' : 'webgpu' })
    const index = await open({ name: own })
    expect(await index.info()).toMatchObject({
      backend: 'onnx',
      adapter: expect.stringMatching(/^ONNX Runtime 1\..*Web/),
    })
    const again = await open({ backend: 'auto', name: own, onnx: undefined })
    expect(await again.info()).toMatchObject({ backend: 'onnx' })
    expect(await failureOf(open({ backend: 'webgpu', name: own }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('onnx'),
    })
  })

  test('finds what WebGPU finds, in an index that WebGPU built', async () => {
    const documents = ['The moons of Jupiter.', 'Bread needs time.', 'A telescope shows the rings.'].map((text, i) => ({
      id: String(i),
      text,
    }))
    const built = await filled(documents, { backend: 'webgpu' })
    const { hits } = await built.search('moons and rings', { explain: true })
    const file = await built.export()
    const { importIndex } = await import('../../src/index.ts')
    const model = '/test/goldens/pylate/model/'
    const opened = await importIndex(file, { name: name(), model, store: 'memory', worker, backend: 'onnx', onnx })
    const found = await opened.search('moons and rings', { explain: true })
    expect(found.backend).toBe('onnx')
    expect(found.hits.map(({ id }) => id)).toEqual(hits.map(({ id }) => id))
    found.hits.forEach((hit, i) => {
      expect(hit.score).toBeCloseTo(hits[i].score, 3)
      expect(hit.explain!.map(({ match }) => match)).toEqual(hits[i].explain!.map(({ match }) => match))
    })
    await opened.close()
  })
})
