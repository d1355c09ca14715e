import { MaxsiftError } from '../errors.ts'
import { Device, type DeviceOptions } from '../gpu/device.ts'
import { Turns } from './turns.ts'

/** A second loss within this time is no accident: the work itself may be what kills the device. */
const INCIDENT_MS = 10_000

/**
 * The one GPU device of a service: opened at first use, shared by all models and indexes, opened anew after a loss.
 * What lives on it is keyed by the device and made again on the next one.
 */
export class Accelerator {
  readonly #turns = new Turns()
  #device: Promise<Device> | null = null
  #lastLoss = Number.NEGATIVE_INFINITY

  constructor(private readonly options: () => Promise<DeviceOptions> | DeviceOptions) {}

  /** @throws MaxsiftError `WEBGPU_UNAVAILABLE`. */
  device(): Promise<Device> {
    this.#device ??= this.#open()
    return this.#device
  }

  async #open(): Promise<Device> {
    const device = await Device.open(await this.options()).catch((error) => {
      this.#device = null // The next call asks again: a GPU process may have come back.
      throw error
    })
    device.lost.then(() => {
      this.#device = null
    })
    return device
  }

  /**
   * Runs a task that uses the device. Where the device is lost under it, the task runs once more on a new one.
   * @throws MaxsiftError `DEVICE_LOST` at the second loss within 10 s; the next call tries again.
   */
  async use<Result>(task: (device: Device) => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    for (let attempt = 0; ; attempt++) {
      signal?.throwIfAborted()
      const device = await this.device()
      try {
        return await task(device)
      } catch (error) {
        if (!(error instanceof MaxsiftError && error.code === 'DEVICE_LOST')) throw error
        // The error of a mapping can come before the loss itself is announced.
        await Promise.race([device.lost, new Promise((resolve) => setTimeout(resolve, 1_000))])
        if (device.lostBecause === null) throw error
        const now = performance.now()
        const again = attempt === 0 && now - this.#lastLoss > INCIDENT_MS
        this.#lastLoss = now
        if (!again) throw error
      }
    }
  }

  /** One submission's worth of work. Searches are urgent: they wait for at most the one in flight. */
  turn<Result>(urgent: boolean, task: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    return this.#turns.take(urgent, task, signal)
  }

  async close(): Promise<void> {
    const device = await this.#device?.catch(() => null)
    this.#device = null
    device?.destroy()
  }
}
