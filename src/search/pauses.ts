/** Stands between two items of a source when the next one takes long. */
export const PAUSE = Symbol('pause')

/** The items of a source, and a `PAUSE` in between whenever the next one takes long and something waits. */
export async function* withPauses(items: AsyncIterable<unknown>, milliseconds: number, waiting: () => boolean) {
  const iterator = items[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = iterator.next()
      while (waiting()) {
        let timer: ReturnType<typeof setTimeout> | undefined
        const pause = new Promise<typeof PAUSE>((resolve) => {
          timer = setTimeout(resolve, milliseconds, PAUSE)
        })
        const first = await Promise.race([next, pause]).finally(() => clearTimeout(timer))
        if (first !== PAUSE) break
        yield PAUSE
      }
      const { done, value } = await next
      if (done) return
      yield value
    }
  } finally {
    await iterator.return?.()
  }
}
