import type { Store } from '../store/index.ts'

/** A store that refuses changes, so that looking does not touch it. */
export function readOnly(store: Store): Store {
  return wrap(store, { writable: false })
}

/** A store whose manifests carry this time instead of the clock's, so that equal input gives equal bytes. */
export function dated(store: Store, time: number): Store {
  return wrap(store, {
    commit: ({ base, manifest, put }, signal) =>
      store.commit({ base, manifest: { ...manifest, created: time, updated: time }, put }, signal),
  })
}

function wrap(store: Store, changes: Partial<Store>): Store {
  return {
    kind: store.kind,
    writable: store.writable,
    manifest: (signal) => store.manifest(signal),
    read: (ref, signal) => store.read(ref, signal),
    commit: (change, signal) => store.commit(change, signal),
    watch: (listener) => store.watch(listener),
    close: () => store.close(),
    destroy: () => store.destroy(),
    ...changes,
  }
}
