import { FUSED, type Fusion, fuse } from '../lexical/fusion.ts'
import type { Placed } from '../lexical/top.ts'
import type { Collection, Query } from './collection.ts'
import type { Outcome, System } from './evaluate.ts'
import type { Ranking } from './metrics.ts'

/** Ranks once, however often it is asked for the same queries, such as by itself and by what it is fused in. */
export function rememberedSystem(system: System): System {
  let known: { queries: readonly Query[]; found: Map<Query, Ranking>; outcome: Outcome } | undefined
  return {
    name: system.name,
    about: system.about,
    async rank(queries, take) {
      if (known?.queries !== queries) {
        const found = new Map<Query, Ranking>()
        const outcome = await system.rank(queries, (query, ranking) => found.set(query, ranking))
        known = { queries, found, outcome }
      }
      for (const [query, ranking] of known.found) take(query, ranking)
      return known.outcome
    },
  }
}

/** Two systems as one. Its costs are those of both together; its vectors are those of `semantic`. */
export function fusedSystem(by: Fusion, semantic: System, lexical: System, collection: Collection): System {
  return {
    name: `hybrid-${by}`,
    about: `${semantic.name} and ${lexical.name}, fused by ${by === 'rrf' ? 'reciprocal rank' : 'normalised score'}`,
    async rank(queries, take) {
      const ids = [...collection.ids.documents]
      const ordinals = new Map(ids.map((id, ordinal) => [id, ordinal]))
      const placed = (ranking: Ranking): Placed[] =>
        ranking.slice(0, FUSED).map(({ id, score }) => ({ ordinal: ordinals.get(id)!, score }))
      const semantics = new Map<Query, Placed[]>()
      const lexicals = new Map<Query, Placed[]>()
      const a = await semantic.rank(queries, (query, ranking) => semantics.set(query, placed(ranking)))
      const b = await lexical.rank(queries, (query, ranking) => lexicals.set(query, placed(ranking)))
      for (const query of queries) {
        const fused = fuse(by, semantics.get(query) ?? [], lexicals.get(query) ?? [])
        take(
          query,
          fused.map(({ ordinal, score }) => ({ id: ids[ordinal], score })),
        )
      }
      const { search = 0, ...rest } = a.seconds
      return { ...a, seconds: { ...rest, index: b.seconds.index ?? 0, search: search + (b.seconds.search ?? 0) } }
    },
  }
}
