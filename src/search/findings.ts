import type { Findings } from '../gpu/findings.ts'
import { openCache } from '../model/cache-api.ts'

const CACHE = 'maxsift-gpu'
/** After a month the same GPU may have another driver, which pages cannot see. */
const KEPT_MS = 30 * 24 * 60 * 60 * 1000

/** Entries need addresses; these, of a reserved name, exist nowhere. What another browser version found does not count. */
const address = (question: string) =>
  `https://maxsift.invalid/${encodeURIComponent(navigator.userAgent)}/${encodeURIComponent(question)}`

/** Those of a browser, for all pages of an origin. */
export const webFindings: Findings = {
  async get(question) {
    const kept = await (await openCache(CACHE))?.match(address(question))
    return kept && Date.now() - Date.parse(kept.headers.get('date') ?? '') < KEPT_MS ? kept.text() : undefined
  },

  async put(question, answer) {
    const headers = { date: new Date().toUTCString() }
    await (await openCache(CACHE))?.put(address(question), new Response(answer, { headers }))
  },

  async clear() {
    await globalThis.caches?.delete(CACHE)
  },
}
