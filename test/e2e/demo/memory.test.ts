import type { CDPSession } from 'playwright'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkpointFolder } from '../../goldens/checkpoints.ts'
import { browserMissing, type Demo, openDemo, unlessMissing } from '../demo.ts'

const WORDS = 'river stone garden window bridge letter copper winter market lantern'.split(' ')
const SEARCHES = 100

declare global {
  /** Bytes of GPU buffers that were made and not destroyed, in the worker. */
  var gpuBytes: number
}

type Send = (method: 'HeapProfiler.collectGarbage' | 'Runtime.getHeapUsage') => Promise<unknown>

/** Commands for the worker of a page: messages within messages, since Playwright's sessions end at pages. */
async function workerOf(session: CDPSession): Promise<Send> {
  const answers = new Map<number, (result: unknown) => void>()
  session.on('Target.receivedMessageFromTarget', ({ message }) => {
    const { id, result } = JSON.parse(message)
    answers.get(id)?.(result)
  })
  const attached = new Promise<string>((resolve) => {
    session.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => {
      if (targetInfo.type === 'worker') resolve(sessionId)
    })
  })
  await session.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false })
  const sessionId = await attached
  let calls = 0
  return (method) =>
    new Promise((resolve) => {
      const id = ++calls
      answers.set(id, resolve)
      void session.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id, method }) })
    })
}

describe.skipIf(browserMissing)(`demo: memory${unlessMissing}`, () => {
  let demo: Demo
  beforeAll(async () => {
    demo = await openDemo(checkpointFolder('stanford'), {
      worker: `
        globalThis.gpuBytes = 0
        const { createBuffer } = GPUDevice.prototype
        const { destroy } = GPUBuffer.prototype
        const gone = new WeakSet()
        GPUDevice.prototype.createBuffer = function (descriptor) {
          globalThis.gpuBytes += descriptor.size
          return createBuffer.call(this, descriptor)
        }
        GPUBuffer.prototype.destroy = function () {
          if (!gone.has(this)) globalThis.gpuBytes -= this.size
          gone.add(this)
          return destroy.call(this)
        }`,
    })
    const files = Array.from({ length: 60 }, (_, n) => [`${n}.md`, `# Page ${n}\n\nThe ${WORDS[n % 10]} by the sea.`])
    await demo.give(Object.fromEntries(files))
  })
  afterAll(() => demo?.close())

  /** Bytes of a heap after a collection. */
  async function heap(send: Send): Promise<number> {
    await send('HeapProfiler.collectGarbage')
    return ((await send('Runtime.getHeapUsage')) as { usedSize: number }).usedSize
  }

  it(`${SEARCHES} searches leave nothing behind`, async () => {
    const session = await demo.context.newCDPSession(demo.page)
    const worker = await workerOf(session)
    const measure = async () => ({
      page: await heap((method) => session.send(method)),
      worker: await heap(worker),
      gpu: await demo.engine().evaluate(() => globalThis.gpuBytes),
    })
    const search = (n: number) => demo.search(`${WORDS[n % 10]} and ${WORDS[(n * 3 + 1) % 10]} ${n}`)
    // What is made once, such as working buffers, is made by now.
    for (let n = 0; n < 20; n++) await search(n)
    const before = await measure()
    for (let n = 0; n < SEARCHES; n++) await search(n)
    const after = await measure()
    expect(before.gpu).toBeGreaterThan(0)
    expect(after.gpu).toBe(before.gpu)
    // Compiled code and its notes go on growing for some hundred searches, by 2 kB each at first. An answer that was kept
    // each time, with its passages and explanations, would be tens of kilobytes.
    expect((after.page - before.page) / SEARCHES).toBeLessThan(8_000)
    expect((after.worker - before.worker) / SEARCHES).toBeLessThan(8_000)
  })
})
