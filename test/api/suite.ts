import { describe } from 'vitest'
import type { CreateIndexOptions } from '../../src/search/types.ts'
import { gpuMissing } from '../gpu.ts'
import { documents } from './documents.ts'
import { filters } from './filters.ts'
import { lifecycle } from './lifecycle.ts'
import { search } from './search.ts'
import { setUp } from './setup.ts'
import { storage } from './storage.ts'

const noGpu = await gpuMissing()

/**
 * The public API: the same tests wherever the engine runs.
 * @param missing Why they cannot run; by default because there is no WebGPU.
 */
export function apiSuite(
  worker: CreateIndexOptions['worker'],
  where: string,
  base?: CreateIndexOptions,
  missing: string | null = noGpu,
): void {
  describe.skipIf(missing)(`API, engine in ${where}${missing ? ` — ${missing}` : ''}`, () => {
    const setup = setUp(worker, base)
    documents(setup)
    search(setup)
    filters(setup)
    lifecycle(setup)
    storage(setup)
  })
}
