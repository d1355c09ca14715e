/** Which index is searched, when it is opened and closed, and what is said meanwhile and when that fails. */
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { userEvent } from 'vitest/browser'
import { type CreateIndexOptions, createIndex, MaxsiftError } from '../../src/index.ts'
import { DOCUMENTS, FakeIndex } from './fake-index.ts'
import { mount, mountFilled, pause } from './page.ts'

vi.mock('../../src/index.ts', async () => ({ ...(await import('../../src/errors.ts')), createIndex: vi.fn() }))

/** What was opened, and how. */
let opened: { options: CreateIndexOptions; index: FakeIndex }[]
const create = vi.mocked(createIndex)

beforeEach(() => {
  opened = []
  create.mockReset()
  create.mockImplementation(async (options = {}) => {
    const index = new FakeIndex(DOCUMENTS)
    opened.push({ options, index })
    return index.asIndex
  })
})

const names = () => opened.map(({ options: { name, source, model } }) => ({ name, source, model }))
const failure = new MaxsiftError('MODEL_FETCH_FAILED', 'GET /model/config.json answered 404')

describe('the named index', () => {
  test('is opened once the element is seen, and no other', async () => {
    const far = document.createElement('div')
    far.style.height = '5000px'
    document.body.append(far)
    const seen = mount({ name: 'docs', source: '/search/', model: '/model/' })
    await pause(100)
    expect(opened).toEqual([])
    seen.element.scrollIntoView()
    await vi.waitFor(() => expect(names()).toEqual([{ name: 'docs', source: '/search/', model: '/model/' }]))
    seen.element.value = 'lamp'
    await seen.answered('lamp')
    expect(opened).toHaveLength(1)
  })

  test('is opened once the box has the focus, where it is not to be opened earlier', async () => {
    const seen = mount({ name: 'docs', preload: 'focus' })
    await pause(100)
    expect(opened).toEqual([])
    seen.element.focus()
    await vi.waitFor(() => expect(names()).toHaveLength(1))
  })

  test('waits for the focus where the visitor wants to save data', async () => {
    const saving = vi.spyOn(navigator as unknown as { connection: object }, 'connection', 'get')
    saving.mockReturnValue({ saveData: true })
    try {
      const seen = mount({ name: 'docs' })
      await pause(100)
      expect(opened).toEqual([])
      seen.element.focus()
      await vi.waitFor(() => expect(names()).toHaveLength(1))
    } finally {
      saving.mockRestore()
    }
  })

  test('is opened by a query', async () => {
    const seen = mount({ name: 'docs', hidden: '' })
    seen.element.value = 'lamp'
    await seen.answered('lamp')
    expect(names()).toHaveLength(1)
  })

  test('is not opened where nothing is named, nor where an index is given', async () => {
    mount()
    const { seen } = mountFilled(DOCUMENTS, { name: 'docs' })
    await seen.search('lamp')
    await pause(100)
    expect(opened).toEqual([])
  })

  test('is another one once attributes change: all of them in one go', async () => {
    const seen = mount({ name: 'docs' })
    await seen.search('lamp')
    seen.element.name = 'notes'
    seen.element.source = '/notes/'
    seen.element.model = '/model/'
    await vi.waitFor(() => expect(names()).toHaveLength(2))
    expect(names()[1]).toEqual({ name: 'notes', source: '/notes/', model: '/model/' })
    expect(opened[0].index.closed).toBe(true)
    await vi.waitFor(() => expect(seen.events.search).toHaveLength(2))
    expect(opened[1].index.asked.map(({ query }) => query)).toEqual(['lamp'])
    seen.element.removeAttribute('name')
    expect(seen.element.name).toBeNull()
  })

  test('is closed, or given up, when the element leaves the page, and opened anew when it comes back', async () => {
    const seen = mount({ name: 'docs' })
    await seen.search('lamp')
    seen.element.remove()
    await vi.waitFor(() => expect(opened[0].index.closed).toBe(true))
    let stopped: AbortSignal | undefined
    create.mockImplementationOnce((options) => {
      stopped = options?.signal
      return new Promise((_, reject) => stopped?.addEventListener('abort', () => reject(stopped?.reason)))
    })
    document.body.append(seen.element)
    await vi.waitFor(() => expect(stopped).toBeDefined())
    seen.element.remove()
    await vi.waitFor(() => expect(stopped?.aborted).toBe(true))
    document.body.append(seen.element)
    seen.element.value = 'light'
    await seen.answered('light')
    expect(seen.events.error).toEqual([])
  })

  test('stays open when the element is moved', async () => {
    const seen = mount({ name: 'docs' })
    await seen.search('lamp')
    const other = document.createElement('div')
    document.body.append(other)
    other.append(seen.element)
    await pause(50)
    expect(opened[0].index.closed).toBe(false)
    expect(seen.titles).toHaveLength(3)
    await seen.type(' light')
    await seen.answered('lamp light')
    expect(opened).toHaveLength(1)
  })
})

describe('a given index', () => {
  test('takes the place of the named one, and is not closed', async () => {
    const seen = mount({ name: 'docs' })
    await seen.search('lamp')
    const given = new FakeIndex(DOCUMENTS.slice(1))
    seen.element.index = given.asIndex
    expect(seen.element.index).toBe(given)
    await vi.waitFor(() => expect(seen.titles).toHaveLength(2))
    expect(opened[0].index.closed).toBe(true)
    seen.element.index = null
    await vi.waitFor(() => expect(seen.titles).toHaveLength(3))
    expect(opened).toHaveLength(2)
    expect(given.closed).toBe(false)
    given.dispatchEvent(new CustomEvent('change'))
    await pause()
    expect(given.asked).toHaveLength(1)
  })

  test('that is taken away leaves no rows behind', async () => {
    const { seen, element } = mountFilled()
    await seen.search('lamp')
    element.index = null
    await vi.waitFor(() => expect(seen.titles).toEqual([]))
  })

  test('outlives the element', async () => {
    const { index, element } = mountFilled()
    element.remove()
    await pause(50)
    expect(index.closed).toBe(false)
  })
})

describe('progress', () => {
  test('is told and shown, until the index is open', async () => {
    let finish = () => {}
    create.mockImplementation(async ({ onProgress } = {}) => {
      onProgress?.({ stage: 'model', loaded: 2_500_000, total: null })
      onProgress?.({ stage: 'model', loaded: 12_400_000, total: 23_100_000 })
      await new Promise<void>((done) => {
        finish = done
      })
      onProgress?.({ stage: 'index', loaded: 400_000, total: 1_600_000 })
      await new Promise<void>((done) => {
        finish = done
      })
      return new FakeIndex(DOCUMENTS).asIndex
    })
    const seen = mount({ name: 'docs' })
    await vi.waitFor(() => expect(seen.text('[part=progress]')).toContain('Loading the search model: 12 of 23 MB'))
    const bar = seen.find<HTMLProgressElement>('progress')
    expect([bar.value, bar.max, bar.ariaLabel]).toEqual([12_400_000, 23_100_000, 'Loading the search model'])
    expect(seen.events.progress).toHaveLength(2)
    // Typed before there is anything to search.
    await seen.type('lamp')
    finish()
    await vi.waitFor(() => expect(seen.text('[part=progress]')).toContain('Loading the index: 0.4 of 1.6 MB'))
    finish()
    await seen.answered('lamp')
    expect(seen.text('[part=progress]')).toBe('')
  })
})

describe('errors', () => {
  test('are told once, in plain words, with the remedy', async () => {
    create.mockRejectedValue(failure)
    const seen = mount({ name: 'docs' })
    await seen.type('lamp')
    await pause()
    expect(seen.find('[role=alert]').checkVisibility()).toBe(true)
    const said = seen.text('[part=error]')
    expect(said).toContain('The search model could not be loaded.')
    expect(said).toContain('Check the connection, then try again.')
    expect(said).toContain('/model/config.json answered 404')
    expect(new Set(seen.events.error.map(({ error }) => error))).toEqual(new Set([failure]))
    expect(seen.events.error).toHaveLength(1)
    expect(seen.text('[part=busy]')).toBe('')
  })

  test('are not repeated by the focus, but by a query', async () => {
    create.mockRejectedValueOnce(failure).mockRejectedValueOnce(failure)
    const seen = mount({ name: 'docs' })
    await vi.waitFor(() => expect(seen.events.error).toHaveLength(1))
    seen.element.focus()
    await pause(50)
    expect(create).toHaveBeenCalledTimes(1)
    await seen.type('lamp')
    await vi.waitFor(() => expect(create).toHaveBeenCalledTimes(2))
    await seen.type(' light')
    await seen.answered('lamp light')
  })

  test('can be tried away', async () => {
    create.mockRejectedValueOnce(failure)
    const seen = mount({ name: 'docs', preload: 'focus' })
    seen.element.value = 'lamp'
    await vi.waitFor(() => expect(seen.events.error).toHaveLength(1))
    seen.find('[part=retry]').click()
    await seen.answered('lamp')
    expect(seen.text('[part=error]')).toBe('')
    expect(seen.focused).toBe(seen.input)
  })

  test.each([
    ['insecure-context', 'Searching needs a secure page.', 'https:'],
    ['no-api', 'it has no WebGPU', 'Chrome or Edge 113+'],
    ['no-adapter', 'no graphics adapter', 'hardware acceleration'],
    ['limits', 'too small', 'another browser or device'],
  ] as const)('say why there is no WebGPU: %s', async (reason, what, remedy) => {
    create.mockRejectedValue(new MaxsiftError('WEBGPU_UNAVAILABLE', 'technical', { reason }))
    const seen = mount({ name: 'docs' })
    await vi.waitFor(() => expect(seen.text('[part=error]')).toContain(what))
    expect(seen.text('[part=error]')).toContain(remedy)
  })

  test('of a search take away rows that answer another query, and no others', async () => {
    const { index, seen, element } = mountFilled()
    await seen.search('lamp')
    index.failure = new MaxsiftError('DEVICE_LOST', 'The device was lost')
    await element.refresh()
    expect(seen.text('[part=error]')).toContain('The graphics device stopped')
    expect(seen.titles).toHaveLength(3)
    element.value = 'light'
    await vi.waitFor(() => expect(seen.titles).toEqual([]))
    index.failure = null
    element.value = 'road'
    await seen.answered('road')
    expect(seen.text('[part=error]')).toBe('')
    expect(seen.titles).toHaveLength(3)
  })

  test('of another index take away the rows of the one before', async () => {
    const { seen, element } = mountFilled()
    await seen.search('lamp')
    const other = new FakeIndex(DOCUMENTS)
    other.failure = failure
    element.index = other.asIndex
    await vi.waitFor(() => expect(seen.events.error).toHaveLength(1))
    expect(seen.titles).toEqual([])
  })

  test('of an index that fails between searches are shown, where the element opened it', async () => {
    const seen = mount({ name: 'docs' })
    await seen.search('lamp')
    const lost = new MaxsiftError('STORE_LOST', 'gone')
    opened[0].index.dispatchEvent(new CustomEvent('error', { detail: lost }))
    expect(seen.text('[part=error]')).toContain('The browser closed the storage of this site.')
    expect(seen.text('[part=error]')).toContain(lost.remedy)
    const { index, seen: other } = mountFilled()
    await other.search('lamp')
    index.dispatchEvent(new CustomEvent('error', { detail: lost }))
    expect(other.text('[part=error]')).toBe('')
  })

  test('of no class of ours are told too', async () => {
    const { index, seen, element } = mountFilled()
    index.failure = new TypeError('x is not a function')
    element.value = 'lamp'
    await vi.waitFor(() => expect(seen.text('[part=error]')).toContain('The search failed.'))
    expect(seen.text('[part=error]')).toContain('x is not a function')
  })
})

describe('before its model is there', () => {
  const note = (seen: ReturnType<typeof mount>) => seen.text('[part=note]')

  test('the named index answers by words, which is said, and then by meaning, the active row in its place', async () => {
    const seen = mount({ name: 'docs', onnx: '/runtime/', japanese: '/japanese' })
    seen.element.value = 'lamp'
    await vi.waitFor(() => expect(opened).toHaveLength(1))
    const { index, options } = opened[0]
    expect(options).toMatchObject({
      waitForModel: false,
      onnx: { wasm: expect.stringMatching(/^\/runtime\/.*\.wasm$/) },
      japanese: { engine: '/japanese/japanese-engine.js', dictionary: '/japanese/unidic-lite.bin' },
    })
    Object.assign(index, { mode: 'lexical', pending: true })
    await seen.search('lamp')
    expect(note(seen)).toBe('found by their words; search by meaning is loading')
    await userEvent.keyboard('{ArrowDown}{ArrowDown}')
    const active = seen.find('[aria-selected=true]')
    const place = [...seen.root.querySelectorAll('[role=option]')].indexOf(active)
    index.dispatchEvent(new CustomEvent('progress', { detail: { stage: 'model', loaded: 1e6, total: 23e6 } }))
    expect(seen.text('[part=progress]')).toContain('Loading the search model: 1 of 23 MB')
    index.dispatchEvent(new CustomEvent('progress', { detail: { stage: 'encode', loaded: 1, total: 2 } }))
    expect(seen.text('[part=progress]')).toContain('1 of 23 MB')

    Object.assign(index, { mode: 'hybrid', pending: false })
    index.documents = index.documents.toReversed()
    index.dispatchEvent(new CustomEvent('ready', { detail: { backend: 'webgpu', adapter: 'test' } }))
    await vi.waitFor(() => expect(seen.events.search.at(-1)?.mode).toBe('hybrid'))
    expect(note(seen)).toBe('')
    expect(seen.find('[part=progress]').hidden).toBe(true)
    expect(seen.find('[aria-selected=true]')).toBe(active)
    expect([...seen.root.querySelectorAll('[role=option]')].indexOf(active)).toBe(place)
  })

  test('and where nothing can run it, words go on alone, and the reason is said beside the hits', async () => {
    const seen = mount({ name: 'docs' })
    seen.element.value = 'lamp'
    await vi.waitFor(() => expect(opened).toHaveLength(1))
    opened[0].index.mode = 'lexical'
    await seen.search('lamp')
    const missing = new MaxsiftError('WEBGPU_UNAVAILABLE', 'No WebGPU.', { reason: 'no-api' })
    opened[0].index.dispatchEvent(new CustomEvent('error', { detail: missing }))
    await vi.waitFor(() => expect(note(seen)).toBe('found by their words alone: this browser has no WebGPU'))
    expect(seen.find('[part=error]').hidden).toBe(true)
    expect(seen.events.error.at(-1)?.error).toBe(missing)
  })

  test('a model that cannot be fetched is an error, beside the words', async () => {
    const seen = mount({ name: 'docs' })
    seen.element.value = 'lamp'
    await vi.waitFor(() => expect(opened).toHaveLength(1))
    opened[0].index.mode = 'lexical'
    await seen.search('lamp')
    opened[0].index.dispatchEvent(new CustomEvent('error', { detail: failure }))
    expect(seen.text('[part=error]')).toContain('The search model could not be loaded.')
    expect(seen.find('[part=results]').hidden).toBe(false)
  })
})
