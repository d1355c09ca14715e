/** The bench beside the page, which stays usable: `{ extent, commit }` in, lines and at last the report out. */
import { bench } from '../../bench/bench.ts'
import type { Extent } from '../../bench/shapes.ts'
import type { Told } from './told.ts'

const tell = (told: Told) => postMessage(told)

addEventListener('message', async ({ data }: MessageEvent<{ extent: Extent; commit: string }>) => {
  const { extent, commit } = data
  const { userAgent, gpu } = navigator
  const versions = { browser: userAgent }
  const skipped = [{ impl: 'transformers.js', reason: 'not in a page under a strict policy; `npm run bench` has it' }]
  const log = (line: string) => tell({ line })
  try {
    const host = { gpu, backend: browserOf(userAgent), versions, commit, peers: [], skipped, log }
    tell({ report: await bench(host, { extent }) })
  } catch (error) {
    tell({ failure: error instanceof Error ? error.message : String(error) })
  }
})

/** `Chrome 140`: names the folder of a report. */
function browserOf(userAgent: string): string {
  const [, name, version] = /(Firefox|Edg|Chrome|Version)\/(\d+)/.exec(userAgent) ?? []
  return name ? `${name === 'Version' ? 'Safari' : name} ${version}` : 'unknown browser'
}
