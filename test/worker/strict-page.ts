/** Runs in a frame with a strict Content-Security-Policy and tells the page around it what happened. */
import { createIndex } from '../../src/index.ts'

const script = new URL('./fake-worker.ts', import.meta.url)
const attempt = (run: () => unknown) =>
  Promise.resolve()
    .then(run)
    .then(String, (error) => `${error.name}: ${error.message}`)

const result = {
  raw: await attempt(() => new Worker(script.href, { type: 'module' })),
  ours: await attempt(async () => {
    const index = await createIndex({ worker: script })
    const { total } = await index.search('four')
    await index.close()
    return total
  }),
  again: await attempt(async () => (await createIndex({ worker: String(script) })).close()),
  foreign: await attempt(() => createIndex({ worker: 'data:text/javascript,' })),
}
parent.postMessage({ strictPage: result }, '*')
