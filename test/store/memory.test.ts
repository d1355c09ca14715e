import type { Bytes } from '../../src/store/blob.ts'
import { memoryStore } from '../../src/store/index.ts'
import { refsOf } from '../../src/store/manifest.ts'
import { storeSuite } from './suite.ts'

// The memory store hides its blobs, so this looks through the reads: a blob is there when reading it works.
storeSuite('memory', async () => {
  const store = memoryStore()
  const given = new Map<string, Bytes>()
  const { commit, destroy } = store
  store.commit = async (change, signal) => {
    await commit.call(store, change, signal)
    for (const { ref, bytes } of change.put) given.set(ref.name, bytes)
  }
  let destroyed = false
  store.destroy = async () => {
    destroyed = true
    await destroy.call(store)
  }
  return {
    open: async () => store,
    blobs: async () => {
      if (destroyed) return []
      const names: string[] = []
      for (const [name, { length: bytes }] of given) {
        if (
          await store.read({ name, bytes }).then(
            () => true,
            () => false,
          )
        )
          names.push(name)
      }
      return names
    },
    tamper: async (name, change) => {
      const bytes = given.get(name)!
      const changed = change(bytes)
      const manifest = await store.manifest()
      if (!refsOf(manifest).has(name)) throw new Error('unknown blob')
      // The store keeps the very bytes it is given, so they can be changed under it; not their length.
      if (changed) bytes.set(changed.subarray(0, bytes.length))
      if (!changed || changed.length !== bytes.length) bytes.fill(0)
    },
    remove: async () => {},
    lasting: false,
  }
})
