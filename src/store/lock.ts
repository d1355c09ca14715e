import { MaxsiftError } from '../errors.ts'

/**
 * Runs `work` while no other tab holds the Web Lock `name`. It only spares writers lost races: correctness rests on the
 * compare-and-swap of the commit, so without Web Locks the work runs all the same.
 * @throws MaxsiftError `STORE_BLOCKED` after `patience` milliseconds of waiting.
 */
export async function withLock<T>(
  name: string,
  patience: number,
  work: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const locks = globalThis.navigator?.locks
  if (!locks) return work()
  signal?.throwIfAborted()
  const waiting = new AbortController()
  const abort = () => waiting.abort(signal?.reason)
  signal?.addEventListener('abort', abort)
  const message = `Another tab has been writing to the index for more than ${patience / 1000} s.`
  const timer = setTimeout(() => waiting.abort(new MaxsiftError('STORE_BLOCKED', message)), patience)
  const settle = () => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
  let granted = false
  try {
    // Awaited here: the promise of a lock is typed as whatever its callback gives.
    return await locks.request(name, { signal: waiting.signal }, async () => {
      granted = true
      settle()
      return work()
    })
  } catch (error) {
    // Opaque origins have the API but refuse it.
    if (granted || waiting.signal.aborted) throw error
    return work()
  } finally {
    settle()
  }
}
