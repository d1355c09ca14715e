/** The bar at the bottom while something takes time, and the line that says what went wrong. */
import type { Progress } from 'maxsift'

const get = <Type extends HTMLElement>(id: string) => document.getElementById(id) as Type
const bar = get<HTMLProgressElement>('progress')
const alert = get('alert')
let current: AbortController | null = null

get('cancel').addEventListener('click', () => current?.abort())

/** Whether a task is under way. */
export const isBusy = () => current !== null

export interface Work {
  signal: AbortSignal
  onProgress(progress: Progress): void
}

/**
 * Runs a task under the bar; it can be cancelled. Its failure is told, but not that it was cancelled.
 * @param count documents in all, where the index cannot know
 */
export async function work(label: string, task: (work: Work) => Promise<void>, count?: number): Promise<void> {
  const own = new AbortController()
  current = own
  show(label)
  get('busy').hidden = false
  await attempt(() =>
    task({
      signal: own.signal,
      onProgress: (progress) => report({ ...progress, total: progress.total ?? count ?? null }),
    }),
  )
  if (current !== own) return
  current = null
  get('busy').hidden = true
}

/** Runs a task that is over at once, and tells its failure. */
export async function attempt(task: () => Promise<void>): Promise<void> {
  try {
    await task()
  } catch (error) {
    if ((error as Error).name !== 'AbortError') tell(error)
  }
}

/** Says what went wrong, and what to do about it. It stands until the next task begins. */
export function tell(error: unknown): void {
  const { message, remedy } = error as Error & { remedy?: string }
  alert.textContent = remedy ? `${message} ${remedy}` : message
  alert.hidden = false
}

function show(label: string): void {
  alert.hidden = true
  get('task').textContent = label
  bar.removeAttribute('value')
}

function report({ stage, loaded, total }: Progress): void {
  if (total) {
    bar.max = total
    bar.value = loaded
  } else bar.removeAttribute('value')
  const amount = stage === 'encode' ? String : megabytes
  const what = { model: 'Loading the model', index: 'Loading the index', encode: 'Reading documents' }[stage]
  get('task').textContent = `${what}: ${amount(loaded)}${total ? ` of ${amount(total)}` : ''}`
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`
}
