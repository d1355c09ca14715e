import type { Call, Service } from '../../src/search/service.ts'
import type { IndexInfo } from '../../src/search/types.ts'

const nothing = async () => {
  throw new Error('not part of this test')
}

/** A service of which a test writes only the methods that it calls. */
export function fakeService(methods: Partial<Service>): Service {
  return {
    open: async () => ({ handle: 1, info: { name: 'fake' } as IndexInfo }),
    add: nothing,
    remove: nothing,
    search: nothing,
    rerank: nothing,
    get: nothing,
    documents: nothing,
    info: nothing,
    export: nothing,
    close: async () => {},
    destroy: nothing,
    list: nothing,
    removeIndex: nothing,
    removeAll: nothing,
    listModels: nothing,
    removeModel: nothing,
    onEvent: null,
    ...methods,
  }
}

/** Settles as the signal of the call does. */
export function untilAborted({ signal }: Call): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
  })
}
