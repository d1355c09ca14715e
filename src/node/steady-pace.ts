import { Pace } from '../search/pace.ts'

/**
 * The same cuts on every run, whatever the device's speed: equal input gives equal bytes, since the last bits of a vector
 * can depend on what is encoded with it. Small enough for a software adapter, large enough for a GPU.
 */
export class SteadyPace extends Pace {
  /** In one submission. */
  override get tokens(): number {
    return 1_024
  }

  /** In one commit. */
  override within(): number {
    return 16_384
  }

  override learn(): void {}
}
