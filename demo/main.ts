/** A plain page around an index: files in, a search box, hits with their reasons. All of it stays in this browser. */
import { createIndex, listIndexes, type ModelOption, type Progress, type SearchIndex } from 'maxsift'
import { readDocuments } from './documents.ts'
import { hitElement } from './hits.ts'
import { keepOffline } from './offline.ts'

const NAME = 'demo'
const get = <Type extends HTMLElement>(id: string) => document.getElementById(id) as Type
const alert = get('alert')
const status = get('status')
const query = get<HTMLInputElement>('query')
const hits = get('hits')

let index: SearchIndex | null = null
let searching: AbortController | null = null
let working: AbortController | null = null

await run(async () => {
  const { model } = await (await fetch('demo.json')).json()
  get('model').hidden = Boolean(model)
  // An index of an earlier visit may know where its model is.
  const known = (await listIndexes()).some(({ name }) => name === NAME)
  if (model || known) await open(model ? { model } : {})
})
keepOffline()

get<HTMLInputElement>('model-folder').addEventListener('change', ({ currentTarget }) => {
  const files = [...((currentTarget as HTMLInputElement).files ?? [])]
  if (files.length > 0) run(() => open({ model: { files } }))
})
get<HTMLInputElement>('files').addEventListener('change', ({ currentTarget }) => {
  const input = currentTarget as HTMLInputElement
  const files = [...(input.files ?? [])]
  // Choosing the same files again must fire again.
  input.value = ''
  run(() => add(files))
})
get('cancel').addEventListener('click', () => working?.abort())
get('destroy').addEventListener('click', () => {
  if (confirm('Remove all documents from this browser?')) run(clear)
})
get('search').addEventListener('submit', (event) => event.preventDefault())

let pause: ReturnType<typeof setTimeout> | undefined
query.addEventListener('input', () => {
  clearTimeout(pause)
  pause = setTimeout(search, 150)
})
document.addEventListener('keydown', (event) => {
  const typing = event.target instanceof HTMLElement && event.target.matches('input:not([type=file]), textarea')
  if (event.key !== '/' || typing || event.ctrlKey || event.metaKey || event.altKey) return
  event.preventDefault()
  query.focus()
})

const drop = get('drop')
for (const type of ['dragenter', 'dragover', 'dragleave', 'drop'] as const)
  document.addEventListener(type, (event) => {
    event.preventDefault()
    drop.classList.toggle('over', type === 'dragenter' || type === 'dragover')
    if (type === 'drop' && index) run(() => add([...(event.dataTransfer?.files ?? [])]))
  })

async function open(options: { model?: ModelOption }): Promise<void> {
  const { signal } = begin('Opening the index')
  index = await createIndex({ name: NAME, ...options, signal, onProgress: report })
  index.addEventListener('change', () => run(summarise))
  index.addEventListener('error', ({ detail }) => tell(detail))
  get('model').hidden = true
  get('work').hidden = false
  get('documents').hidden = false
  await summarise()
  await search()
}

async function add(files: File[]): Promise<void> {
  const documents = await readDocuments(files)
  const { signal } = begin(`Reading ${documents.length} documents`)
  try {
    await index!.add(documents, { signal, onProgress: report })
  } finally {
    // After a cancel too: what was committed stays.
    await summarise()
    await search()
  }
}

async function clear(): Promise<void> {
  await index!.destroy()
  location.reload()
}

async function summarise(): Promise<void> {
  const { documents, passages, bytes, model, persisted } = await index!.info()
  const kept = persisted ? 'kept' : 'kept as long as this browser has room'
  get('summary').textContent =
    `${documents} documents, ${passages} passages, ${megabytes(bytes)} in this browser (${kept}). Model: ${model.name}.`
}

/** Shows the hits of what is in the box now; an older search that is still running is given up. */
async function search(): Promise<void> {
  searching?.abort()
  searching = new AbortController()
  const { signal } = searching
  try {
    const result = await index!.search(query.value, { explain: true, signal })
    hits.replaceChildren(...result.hits.map((hit) => hitElement(hit, () => run(() => remove(hit.id)))))
    const shown = result.hits.length === 0 ? 'No hits' : `${result.hits.length} best`
    status.textContent =
      query.value.trim() === '' ? '' : `${shown} of ${result.total} documents, ${result.elapsed.toFixed(0)} ms`
  } catch (error) {
    if (!signal.aborted) tell(error)
  }
}

async function remove(id: string): Promise<void> {
  await index!.remove([id])
  await search()
}

/** Runs one task at a time and tells its failure, but not that it was cancelled. */
async function run(task: () => Promise<void>): Promise<void> {
  alert.hidden = true
  try {
    await task()
  } catch (error) {
    if ((error as Error).name !== 'AbortError') tell(error)
  } finally {
    get('busy').hidden = true
  }
}

function begin(task: string): AbortController {
  working = new AbortController()
  get('task').textContent = task
  get('progress').removeAttribute('value')
  get('busy').hidden = false
  return working
}

function report({ stage, loaded, total }: Progress): void {
  const progress = get<HTMLProgressElement>('progress')
  if (total) {
    progress.max = total
    progress.value = loaded
  } else progress.removeAttribute('value')
  const amount = stage === 'encode' ? (count: number) => String(count) : megabytes
  const what = { model: 'Loading the model', index: 'Loading the index', encode: 'Reading documents' }[stage]
  get('task').textContent = `${what}: ${amount(loaded)}${total ? ` of ${amount(total)}` : ''}`
}

function tell(error: unknown): void {
  const { message, remedy } = error as Error & { remedy?: string }
  alert.textContent = remedy ? `${message} ${remedy}` : message
  alert.hidden = false
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`
}
