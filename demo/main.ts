/** A plain page around an index: files in, a search box, hits with their reasons. All of it stays in this browser. */
import { createIndex, listIndexes, type ModelOption, type SearchIndex } from 'maxsift'
import { attempt, isBusy, megabytes, tell, work } from './busy.ts'
import { readDocuments } from './documents.ts'
import { hitElement } from './hits.ts'
import { keepOffline } from './offline.ts'

const NAME = 'demo'
const get = <Type extends HTMLElement>(id: string) => document.getElementById(id) as Type
const status = get('status')
const query = get<HTMLInputElement>('query')
const hits = get('hits')
const drop = get('drop')

let index: SearchIndex | null = null
let searching: AbortController | null = null

await attempt(async () => {
  const { model } = await (await fetch('demo.json')).json()
  get('model').hidden = Boolean(model)
  // An index of an earlier visit may know where its model is.
  const known = (await listIndexes()).some(({ name }) => name === NAME)
  if (model || known) await open(model ? { model } : {})
})
keepOffline()

get<HTMLInputElement>('model-folder').addEventListener('change', ({ currentTarget }) => {
  const files = [...((currentTarget as HTMLInputElement).files ?? [])]
  if (files.length > 0) open({ model: { files } })
})
get<HTMLInputElement>('files').addEventListener('change', ({ currentTarget }) => {
  const input = currentTarget as HTMLInputElement
  const files = [...(input.files ?? [])]
  // Choosing the same files again must fire again.
  input.value = ''
  add(files)
})
get('destroy').addEventListener('click', () => {
  if (confirm('Remove all documents from this browser?'))
    attempt(async () => {
      await index!.destroy()
      location.reload()
    })
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
for (const type of ['dragenter', 'dragover', 'dragleave', 'drop'] as const)
  document.addEventListener(type, (event) => {
    event.preventDefault()
    drop.classList.toggle('over', type === 'dragenter' || type === 'dragover')
    if (type === 'drop') add([...(event.dataTransfer?.files ?? [])])
  })

function open(options: { model?: ModelOption }): Promise<void> {
  return work('Opening the index', async (call) => {
    index = await createIndex({ name: NAME, ...options, ...call })
    index.addEventListener('change', () => attempt(summarise))
    index.addEventListener('error', ({ detail }) => tell(detail))
    get('model').hidden = true
    get('work').hidden = false
    get('documents').hidden = false
    await summarise()
    await search()
  })
}

async function add(files: File[]): Promise<void> {
  if (!index || isBusy()) return
  const open = index
  await attempt(async () => {
    const documents = await readDocuments(files)
    await work(
      `Reading ${documents.length} documents`,
      (call) => open.add(documents, call).then(() => {}),
      documents.length,
    )
    // After a cancel too: what was committed stays.
    await summarise()
    await search()
  })
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
  await attempt(async () => {
    const { hits: found, total, elapsed } = await index!.search(query.value, { explain: true, signal })
    hits.replaceChildren(...found.map((hit) => hitElement(hit, () => attempt(() => remove(hit.id)))))
    const shown = found.length === 0 ? 'No hits' : `${found.length} best`
    status.textContent = query.value.trim() === '' ? '' : `${shown} of ${total} documents, ${elapsed.toFixed(0)} ms`
  })
}

async function remove(id: string): Promise<void> {
  await index!.remove([id])
  await search()
}
