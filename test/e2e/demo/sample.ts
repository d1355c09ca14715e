/** A small ready-made index for the demo, as `maxsift index` makes them, of a golden checkpoint. */
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, renameSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright'
import { chromiumArguments, findChromium, refusedArguments } from '../../../scripts/chromium.mjs'
import { root } from '../../../scripts/run.mjs'
import { serve } from '../../../scripts/serve.mjs'
import { folderStore } from '../../../src/node/folder-store.ts'
import { copyIndex, fileStore, type Store } from '../../../src/store/index.ts'

const DOCUMENTS = [
  {
    id: 'guide/storage.md',
    title: 'Storage',
    passages: [
      { text: 'Where it lies\nThe index is kept in this browser and nowhere else.', heading: 'Where it lies' },
      { text: 'A full disk\nWhat was committed before stays searchable.', heading: 'A full disk' },
    ],
  },
  { id: 'guide/model.md', title: 'The model', text: 'The model is loaded once and then kept on this device.' },
]

/** Its folder; made once for a build of the package and a checkpoint, whose address from the page is `model/`. */
export async function sampleFolder(model: string): Promise<string> {
  const hash = createHash('sha256')
  for (const path of [join(root, 'dist/worker.js'), join(model, 'model.safetensors')]) hash.update(readFileSync(path))
  const folder = join(tmpdir(), `maxsift-sample-${hash.update(JSON.stringify(DOCUMENTS)).digest('hex').slice(0, 16)}`)
  if (existsSync(folder)) return folder
  const made = mkdtempSync(`${folder}-`)
  const file = await fileStore(await exported(model))
  const target = folderStore(made)
  await copyIndex(withModelAt(file, '../model/'), target)
  await Promise.all([file.close(), target.close()])
  renameSync(made, folder)
  return folder
}

/** What the file says of its model is the address of a server that is gone. */
function withModelAt(store: Store, source: string): Store {
  return Object.assign(Object.create(store) as Store, {
    async manifest(signal?: AbortSignal) {
      const manifest = await store.manifest(signal)
      return manifest && { ...manifest, model: { ...manifest.model, source } }
    },
    read: store.read.bind(store),
  })
}

async function exported(model: string): Promise<Blob> {
  const server = await serve({
    folders: { '/dist/': join(root, 'dist'), '/model/': model },
    texts: {
      '/index.html': '<!doctype html><script type="module" src="page.js"></script>',
      '/page.js': "globalThis.maxsift = await import('/dist/index.js')",
      '/favicon.ico': '',
    },
    headers: {},
  })
  const browser = await chromium.launch({
    executablePath: findChromium()?.path,
    args: chromiumArguments,
    ignoreDefaultArgs: refusedArguments,
  })
  try {
    const page = await browser.newPage()
    await page.goto(`${server.address}index.html`)
    await page.waitForFunction(() => 'maxsift' in globalThis)
    const base64 = await page.evaluate(async (documents) => {
      const { maxsift } = globalThis as unknown as { maxsift: typeof import('../../../src/index.ts') }
      const index = await maxsift.createIndex({ model: '/model/', store: 'memory' })
      await index.add(documents)
      const bytes = new Uint8Array(await (await index.export()).arrayBuffer())
      return btoa(String.fromCharCode(...bytes))
    }, DOCUMENTS)
    return new Blob([Buffer.from(base64, 'base64')])
  } finally {
    await browser.close()
    await server.close()
  }
}
