import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { page, userEvent } from 'vitest/browser'
import { isFatal, type UnavailableOptions, unavailableSection } from '../../demo/unavailable/unavailable.ts'
import { type ErrorCode, MaxsiftError, REMEDIES, type UnavailableReason } from '../../src/errors.ts'
import { lookedAt, violations } from './page.ts'

const CHROME_LINUX = { browser: 'chromium', system: 'linux' } as const
const main = document.createElement('main')

beforeEach(async () => {
  document.title = 'Test'
  document.documentElement.lang = 'en'
  await page.viewport(900, 720)
  const heading = document.createElement('h1')
  heading.textContent = 'The page'
  const header = document.createElement('header')
  header.append(heading)
  document.body.append(header, main)
})
afterEach(() => {
  main.replaceChildren()
  document.body.replaceChildren()
  vi.restoreAllMocks()
})

function show(error: unknown, options: UnavailableOptions = {}): HTMLElement {
  const section = unavailableSection(error, { platform: CHROME_LINUX, ...options })
  main.replaceChildren(section)
  return section
}

const missing = (reason: UnavailableReason) =>
  new MaxsiftError('WEBGPU_UNAVAILABLE', 'WebGPU is not here.', { reason, cause: new Error('the driver says no') })
const title = () => main.querySelector('h2')!.textContent
// biome-ignore lint/performance/useDomNodeTextContent: what is hidden does not count
const seen = () => main.innerText
const retry = () => main.querySelector<HTMLButtonElement>('.retry')!
const openDetails = async () => {
  const summary = [...main.querySelectorAll('summary')].find(({ textContent }) => textContent === 'Technical details')!
  await userEvent.click(summary)
  const facts = main.querySelector('pre')!
  await vi.waitFor(() => expect(facts.textContent).not.toBe(''))
  return facts
}

test.each([
  ['insecure-context', 'This page needs a secure address', ['https:', 'http://localhost']],
  ['no-api', 'This browser has no WebGPU yet', ['144', '147', '535.183.01', '--enable-unsafe-webgpu']],
  ['no-adapter', 'The browser found no graphics processor to use', ['chrome://gpu', 'mesa-vulkan-drivers']],
  ['limits', 'The graphics processor offers too little', ['driver']],
] as const)('without WebGPU (%s), says what is missing and what to do here', (reason, expected, words) => {
  show(missing(reason))
  expect(title()).toBe(expected)
  for (const word of words) expect(seen()).toContain(word)
  expect(main.querySelector('[role=alert]')!.textContent).toContain(expected)
})

test.each([
  [{ browser: 'firefox', system: 'linux' }, 'Firefox Nightly', 'Safari 26'],
  [{ browser: 'firefox', system: 'windows' }, 'version 141', 'Nightly'],
  [{ browser: 'firefox', system: 'mac' }, 'version 147', '141'],
  [{ browser: 'safari', system: 'ios' }, 'iPadOS 26', '113'],
  [{ browser: 'chromium', system: 'windows' }, 'version 113', '144'],
  [{ browser: 'chromium', system: 'android' }, 'Android 12', '113'],
] as const)('advice for %o comes first, the rest is there to be opened', async (platform, here, elsewhere) => {
  show(missing('no-api'), { platform })
  expect(seen()).toContain(here)
  expect(seen()).not.toContain(elsewhere)
  await userEvent.click(page.getByText('Other browsers and systems'))
  for (const word of ['113', '121', '141', '144', '147', 'Safari 26', 'Nightly']) expect(seen()).toContain(word)
})

test('a Mac may be of Safari or of Firefox: both come first', () => {
  show(missing('no-api'), { platform: { browser: null, system: 'mac' } })
  expect(seen()).toContain('Safari 26')
  expect(seen()).toContain('version 147')
  expect(seen()).not.toContain('version 113')
})

test('where nothing is known, all advice is open', () => {
  show(missing('no-api'), { platform: { browser: null, system: null } })
  for (const word of ['Safari 26', '141', 'Nightly']) expect(seen()).toContain(word)
})

test.each([
  ['DEVICE_LOST', 'stopped answering'],
  ['OUT_OF_MEMORY', 'no room left'],
  ['STORE_BLOCKED', 'Another tab'],
  ['STORE_LOST', 'storage cannot be used'],
  ['INTEGRITY_MISMATCH', 'not the one that it should be'],
  ['MODEL_FETCH_FAILED', 'model could not be loaded'],
] as const)('%s has a page of its own', (code, words) => {
  const error = new MaxsiftError(code, 'It failed.')
  expect(isFatal(error)).toBe(true)
  show(error)
  expect(title()).toContain(words)
  expect(main.querySelectorAll('li').length).toBeGreaterThan(1)
})

test('a model that was never loaded is another matter without a network', () => {
  show(new MaxsiftError('MODEL_FETCH_FAILED', 'It could not be fetched.'), { onLine: false })
  expect(title()).toContain('no network')
  expect(seen()).toContain('Connect to the network')
})

test('any other error is shown with its message and its remedy, as text', () => {
  show(new MaxsiftError('STORE_CORRUPT', 'The index <b>"x"</b> is broken.'))
  expect(isFatal(new MaxsiftError('STORE_CORRUPT', ''))).toBe(false)
  expect(seen()).toContain('The index <b>"x"</b> is broken.')
  expect(seen()).toContain(REMEDIES.STORE_CORRUPT)
  for (const error of [new TypeError('boom'), 'boom', null, undefined, { message: 'boom' }]) {
    expect(isFatal(error)).toBe(false)
    show(error)
    expect(title()).toBe('Something went wrong')
  }
})

test('an error that came as plain data is known by its code, and an unknown reason is one', () => {
  show({ code: 'WEBGPU_UNAVAILABLE', reason: 'no-api', message: 'gone' })
  expect(title()).toBe('This browser has no WebGPU yet')
  show({ code: 'WEBGPU_UNAVAILABLE', reason: 'constructor' })
  expect(title()).toBe('The browser found no graphics processor to use')
  show({ code: 'constructor', message: 'odd' })
  expect(title()).toBe('Something went wrong')
})

test('trying again: once at a time, then the new error in place of the old one, with the focus', async () => {
  const answers: { resolve(): void; reject(error: unknown): void }[] = []
  const tries = vi.fn(() => new Promise<void>((resolve, reject) => answers.push({ resolve, reject })))
  show(new MaxsiftError('DEVICE_LOST', 'Lost.'), { retry: tries })
  retry().focus()
  await userEvent.keyboard('{Enter}')
  await vi.waitFor(() => expect(retry().textContent).toBe('Trying …'))
  retry().click()
  expect(tries).toHaveBeenCalledTimes(1)
  answers[0].reject(missing('no-adapter'))
  await vi.waitFor(() => expect(title()).toBe('The browser found no graphics processor to use'))
  expect(main.querySelectorAll('section')).toHaveLength(1)
  expect(document.activeElement).toBe(retry())
  await userEvent.keyboard('{Enter}')
  answers[1].resolve()
  await vi.waitFor(() => expect(retry().textContent).toBe('Try again'))
  expect(retry().hasAttribute('aria-disabled')).toBe(false)
})

test('showing it takes no focus away', () => {
  const input = document.createElement('input')
  input.setAttribute('aria-label', 'Search')
  document.body.append(input)
  input.focus()
  show(new MaxsiftError('DEVICE_LOST', 'Lost.'))
  expect(document.activeElement).toBe(input)
  input.remove()
})

test('technical details name the error with its causes, the browser and its adapter, and ask nobody', async () => {
  const before = performance.getEntriesByType('resource').length
  show(missing('no-adapter'), { facts: { version: '0.1.0' } })
  expect(main.querySelector('pre')!.textContent).toBe('')
  const facts = (await openDetails()).textContent!
  for (const line of [
    /^code: WEBGPU_UNAVAILABLE$/m,
    /^reason: no-adapter$/m,
    /^caused by: Error: the driver says no$/m,
    /^browser: .*Chrome/m,
    /^adapter: .*swiftshader.* \(software\)$/im,
    /^version: 0\.1\.0$/m,
    /^secure: true$/m,
  ])
    expect(facts).toMatch(line)
  expect(performance.getEntriesByType('resource')).toHaveLength(before)
})

test('the details are copied, or selected where there is no clipboard', async () => {
  show(missing('limits'))
  const facts = await openDetails()
  const written = vi.spyOn(navigator.clipboard, 'writeText').mockResolvedValueOnce()
  await userEvent.click(page.getByRole('button', { name: 'Copy' }))
  expect(written).toHaveBeenCalledWith(facts.textContent)
  await vi.waitFor(() => expect(seen()).toContain('Copied.'))
  written.mockRejectedValueOnce(new DOMException('no', 'NotAllowedError'))
  await userEvent.click(page.getByRole('button', { name: 'Copy' }))
  await vi.waitFor(() => expect(seen()).toContain('The text is selected'))
  expect(String(getSelection())).toContain('reason: limits')
})

test('axe finds nothing in any state', async () => {
  const errors = [
    ...(['insecure-context', 'no-api', 'no-adapter', 'limits'] as const).map(missing),
    ...(['DEVICE_LOST', 'STORE_BLOCKED', 'STORE_CORRUPT'] as ErrorCode[]).map(
      (code) => new MaxsiftError(code, 'Failed.'),
    ),
  ]
  for (const error of errors) {
    show(error)
    expect(await violations(), error.reason ?? error.code).toEqual([])
  }
})

test('axe finds nothing, whatever the colours, the width and the direction', async () => {
  show(missing('no-adapter'))
  await openDetails()
  await lookedAt('unavailable', async (look) => {
    expect(await violations(), look).toEqual([])
    expect(document.documentElement.scrollWidth, look).toBeLessThanOrEqual(innerWidth)
  })
})
