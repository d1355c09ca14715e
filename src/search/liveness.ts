/**
 * A Web Lock as a sign of life: held while this tab works on something, let go by the browser when the tab ends however
 * it ends. Nobody ever waits for it. Where there are no locks, nobody seems to be alive, and work may be done twice,
 * which is harmless: it is committed once.
 */
export async function whileAlive<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  const locks = globalThis.navigator?.locks
  if (!locks) return work()
  let begun = false
  try {
    // Awaited here: the promise of a lock is typed as whatever its callback gives.
    return await locks.request(name, { mode: 'shared' }, () => {
      begun = true
      return work()
    })
  } catch (error) {
    // Opaque origins have the API but refuse it.
    if (begun) throw error
    return work()
  }
}

/** Whether some tab holds the sign. */
export async function isAlive(name: string): Promise<boolean> {
  const locks = globalThis.navigator?.locks
  if (!locks) return false
  return locks.request(name, { ifAvailable: true }, async (lock) => lock === null).catch(() => false)
}
