import type { MaxsiftError } from '../errors.ts'
import type { DeviceOptions } from '../gpu/device.ts'
import type { FileSource } from '../model/source.ts'
import type { Store } from '../store/store.ts'
import type { Pace } from './pace.ts'
import type { OpenOptions } from './service.ts'

/** What differs between a browser and Node: where the GPU, the model's files and the index come from. */
export interface Environment {
  device(): Promise<DeviceOptions> | DeviceOptions
  /**
   * `key` is equal for models that are the same files; `address` finds files again that a
   * person chose, on another visit.
   */
  model(model: NonNullable<OpenOptions['model']>): { key: string; source: FileSource; address?: string }
  /** The store of an index; `fallback` says why it is only memory although more was asked for. */
  store(options: OpenOptions, signal?: AbortSignal): Promise<{ store: Store; fallback?: MaxsiftError }>
  /** How indexing is cut into submissions and commits; by the speed of the device where absent. */
  pace?(): Pace
}
