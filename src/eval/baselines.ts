import type { Collection } from './collection.ts'
import type { System } from './evaluate.ts'
import type { Lexical } from './lexical.ts'
import type { Run } from './run.ts'

/** Lexical search over title and text of whole documents. */
export function lexicalSystem(
  name: string,
  about: string,
  index: Lexical,
  collection: Collection,
  depth: number,
  signal?: AbortSignal,
): System {
  return {
    name,
    about,
    async rank(queries, take) {
      const started = performance.now()
      const ids: string[] = []
      for await (const { id, title, text } of collection.documents()) {
        signal?.throwIfAborted()
        index.add({ title, text })
        ids.push(id)
      }
      const indexed = performance.now()
      let searching = 0
      for (const query of queries) {
        signal?.throwIfAborted()
        const before = performance.now()
        const found = index.search(query.text, depth)
        searching += performance.now() - before
        take(
          query,
          found.map(({ ordinal, score }) => ({ id: ids[ordinal], score })),
        )
      }
      return { bytes: null, seconds: { index: (indexed - started) / 1_000, search: searching / 1_000 } }
    },
  }
}

/** What some other program found. */
export function runSystem({ tag, rankings }: Run): System {
  return {
    name: tag,
    about: 'a run',
    async rank(queries, take) {
      for (const query of queries) take(query, rankings.get(query.id) ?? [])
      return { bytes: null, seconds: {} }
    },
  }
}
