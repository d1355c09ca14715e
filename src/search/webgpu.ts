import type { Codec } from '../codec/codec.ts'
import { Arena } from '../gpu/arena.ts'
import { Device, type DeviceOptions } from '../gpu/device.ts'
import { probeMaxSim } from '../kernels/probe.ts'
import type { Checkpoint } from '../model/checkpoint.ts'
import { type EncoderInput, type EncoderOptions, GpuEncoder } from '../model/encoder.ts'
import type { Backend, Encoder, Encoding } from './backend.ts'
import { GpuResidents } from './residents.ts'
import { encodeCodes, readVectors } from './vectors.ts'

/** Models and token vectors on one GPU device. */
export class GpuBackend implements Backend {
  readonly id = 'webgpu'
  /** Working buffers, of encoding and of searching. */
  readonly indexing: Arena
  readonly searching: Arena

  constructor(readonly device: Device) {
    this.indexing = new Arena(device, 'indexing')
    this.searching = new Arena(device, 'search')
  }

  /** @throws MaxsiftError `WEBGPU_UNAVAILABLE`. */
  static async open(options: DeviceOptions): Promise<GpuBackend> {
    return new GpuBackend(await Device.open(options))
  }

  get adapter(): string {
    return this.device.caps.adapter
  }

  get emulated(): boolean {
    return this.device.caps.fallback
  }

  get lost(): Promise<unknown> {
    return this.device.lost
  }

  get lostBecause(): string | null {
    return this.device.lostBecause
  }

  async loadEncoder(checkpoint: Checkpoint, options: EncoderOptions): Promise<LoadedEncoder> {
    const encoder = await GpuEncoder.load(this.device, checkpoint, options)
    // What it cannot find out stays as it is.
    await probeMaxSim(this.device).catch(() => this.device.assertAlive())
    return new LoadedEncoder(this, encoder)
  }

  residents(codec: Codec, dim: number): GpuResidents {
    return new GpuResidents(this, codec, dim)
  }

  destroy(): void {
    this.device.destroy()
  }
}

/** An encoder on the GPU whose codes come out in memory. */
export class LoadedEncoder implements Encoder {
  constructor(
    private readonly backend: GpuBackend,
    readonly gpu: GpuEncoder,
  ) {}

  get spec() {
    return this.gpu.spec
  }

  get fingerprint(): string {
    return this.gpu.fingerprint
  }

  get weightBytes(): number {
    return this.gpu.cost.weightBytes
  }

  encode(inputs: readonly EncoderInput[], codec: Codec): Promise<Encoding> {
    const { device, indexing } = this.backend
    return encodeCodes(device, indexing, this.gpu, codec, inputs)
  }

  vectors(inputs: readonly EncoderInput[]): Promise<Float32Array[]> {
    return readVectors(this.backend.device, this.gpu, inputs)
  }

  destroy(): void {
    this.gpu.destroy()
  }
}
