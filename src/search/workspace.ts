import { Arena } from '../gpu/arena.ts'
import type { Device } from '../gpu/device.ts'

/** Working buffers on whatever device there is at present. */
export class Workspace {
  #held: { device: Device; arena: Arena } | null = null

  constructor(private readonly label: string) {}

  /** The buffers on this device; those on an earlier one went with it. */
  on(device: Device): Arena {
    if (this.#held?.device !== device) this.#held = { device, arena: new Arena(device, this.label) }
    return this.#held.arena
  }

  close(): void {
    this.#held?.arena.destroy()
    this.#held = null
  }
}
