/** A worker script with a made-up service, for tests of everything but the engine. */
import type { IndexInfo, SearchResult } from '../../src/search/types.ts'
import { serve } from '../../src/worker/serve.ts'
import { fakeService, untilAborted } from './fake-service.ts'

let handles = 0
const service = fakeService({
  async open(_, { name, model }) {
    const files = typeof model === 'object' && 'files' in model && Array.isArray(model.files) ? model.files : []
    const paths = files.map((file) => file.webkitRelativePath || file.name)
    return { handle: ++handles, info: { name: paths.join() || name } as IndexInfo }
  },
  async add(call) {
    const ids: string[] = []
    for await (const item of call.items) {
      ids.push((item as { id: string }).id)
      call.progress({ stage: 'encode', loaded: ids.length, total: null })
    }
    return { added: ids.length, updated: 0, unchanged: 0, truncated: 0 }
  },
  async search(_, handle, query) {
    if (query === 'event') service.onEvent?.(handle, 'change', { generation: handle, documents: 0 })
    return { hits: [], total: query.length } as unknown as SearchResult
  },
  info: untilAborted,
  async remove() {
    // Outside of any call: only the worker's own error event can tell.
    setTimeout(() => {
      throw new Error('boom')
    })
    return new Promise(() => {})
  },
})
serve(self, service)
