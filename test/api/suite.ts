import { describe } from 'vitest'
import type { CreateIndexOptions } from '../../src/search/types.ts'
import { gpuMissing } from '../gpu.ts'
import { documents } from './documents.ts'
import { filters } from './filters.ts'
import { lifecycle } from './lifecycle.ts'
import { search } from './search.ts'
import { setUp } from './setup.ts'
import { storage } from './storage.ts'

const missing = await gpuMissing()

/** The public API: the same tests wherever the engine runs. */
export function apiSuite(worker: CreateIndexOptions['worker'], where: string): void {
  describe.skipIf(missing)(`API, engine in ${where}${missing ? ` — ${missing}` : ''}`, () => {
    const setup = setUp(worker)
    documents(setup)
    search(setup)
    filters(setup)
    lifecycle(setup)
    storage(setup)
  })
}
