import { afterEach, expect, test } from 'vitest'
import { createIndex } from '../../src/index.ts'

const script = new URL('./fake-worker.ts', import.meta.url)
const closing: { close(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(closing.splice(0).map((index) => index.close()))
})

async function open(name = 'default') {
  const index = await createIndex({ name, worker: script })
  closing.push(index)
  return index
}

test('a worker answers, with progress and events', async () => {
  const [a, b] = await Promise.all([open('a'), open('b')])
  const events: unknown[] = []
  for (const index of [a, b]) index.addEventListener('change', ({ detail }) => events.push(index.name, detail))
  await expect(a.search('four')).resolves.toEqual({ hits: [], total: 4 })
  await b.search('event')
  expect(events).toEqual(['b', { generation: expect.any(Number), documents: 0 }])
  const loaded: number[] = []
  async function* documents() {
    for (let i = 0; i < 5; i++) yield { id: String(i), text: '' }
  }
  const added = await a.add(documents(), { onProgress: (progress) => loaded.push(progress.loaded) })
  expect(added).toMatchObject({ added: 5 })
  expect(loaded).toEqual([1, 2, 3, 4, 5])
})

test('the path of a file in a chosen folder arrives, though copying a file may drop it', async () => {
  const chosen = new File(['{}'], 'config.json')
  Object.defineProperty(chosen, 'webkitRelativePath', { value: 'folder/1_Dense/config.json' })
  expect(structuredClone(chosen).webkitRelativePath).toBe('')
  const index = await createIndex({ model: { files: [chosen] }, worker: script })
  closing.push(index)
  expect(index.name).toBe('1_Dense/config.json')
})

test('an abort goes into the worker and back', async () => {
  const index = await open()
  const control = new AbortController()
  const result = index.info({ signal: control.signal })
  await index.search('a call later: the one before has arrived')
  control.abort()
  await expect(result).rejects.toBe(control.signal.reason)
})

test('an error that escapes inside the worker fails the open calls, and the worker goes on', async () => {
  const index = await open()
  const result = index.remove(['a'])
  await expect(result).rejects.toMatchObject({ name: 'MaxsiftError', message: expect.stringContaining('boom') })
  await expect(index.search('four')).resolves.toMatchObject({ total: 4 })
})

test.each([
  ['is not there', new URL('./no-such-script.js', import.meta.url)],
  ['is not there, relative to the page', 'no/such/script.js'],
  ['fails when it starts', new URL('./broken-worker.ts', import.meta.url)],
  ['is of another origin', 'https://other.invalid/worker.js'],
  ['is no address of this origin', 'blob:nonsense'],
])('a script that %s is a named error with a remedy, every time', async (_, worker) => {
  for (let i = 0; i < 2; i++) {
    const error = await createIndex({ worker }).then(
      () => expect.fail('it did not reject'),
      (error) => error,
    )
    expect(error).toMatchObject({ name: 'MaxsiftError', code: 'INVALID_ARGUMENT' })
    expect(error.remedy).toContain('worker.js')
  }
})

test('the worker starts under Trusted Types, by the policy named maxsift', async () => {
  const frame = document.createElement('iframe')
  const policy =
    "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; " +
    "require-trusted-types-for 'script'; trusted-types maxsift"
  const page = new URL('./strict-page.ts', import.meta.url)
  frame.srcdoc = `<!doctype html><meta http-equiv="Content-Security-Policy" content="${policy}">
    <script type="module" src="${page}"></script>`
  const answer = new Promise<Record<string, string>>((resolve) => {
    window.addEventListener('message', ({ data }) => data?.strictPage && resolve(data.strictPage))
  })
  document.body.append(frame)
  const { raw, ours, again, foreign } = await answer
  frame.remove()
  // The policy of the page is in force: a plain string is refused.
  expect(raw).toMatch(/^TypeError: .*TrustedScriptURL/)
  expect(ours).toBe('4')
  expect(again).toBe('undefined')
  expect(foreign).toMatch(/not of this origin/)
})
