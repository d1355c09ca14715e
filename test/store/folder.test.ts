import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { folderStore } from '../../src/node/folder-store.ts'
import { storeSuite } from './suite.ts'

storeSuite('folder', async () => {
  const path = await mkdtemp(join(tmpdir(), 'maxsift-store-'))
  const blob = (name: string) => join(path, 'blobs', name)
  return {
    open: async () => folderStore(path),
    blobs: () => readdir(join(path, 'blobs')).catch(() => []),
    tamper: async (name, change) => {
      const changed = change(new Uint8Array(await readFile(blob(name))))
      await (changed ? writeFile(blob(name), changed) : rm(blob(name)))
    },
    remove: () => rm(path, { recursive: true, force: true }),
    lasting: true,
  }
})
