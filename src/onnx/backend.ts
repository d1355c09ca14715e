import type { Codec } from '../codec/codec.ts'
import type { Multiplier } from '../cpu/estimate.ts'
import { CpuResidents } from '../cpu/residents.ts'
import type { Checkpoint } from '../model/checkpoint.ts'
import type { EncoderOptions } from '../model/encoder.ts'
import type { Backend } from '../search/backend.ts'
import { OnnxEncoder } from './encoder.ts'
import { runtimeMultiplier } from './multiplier.ts'
import type { Runtime } from './runtime.ts'

/** Models in ONNX Runtime, token vectors in memory, MaxSim in JavaScript: where there is no GPU. */
export class OnnxBackend implements Backend {
  readonly id = 'onnx'
  readonly emulated = false
  readonly lost = new Promise<never>(() => {})
  readonly lostBecause = null
  readonly #multiplier: Multiplier

  constructor(
    private readonly runtime: Runtime,
    readonly adapter: string,
  ) {
    this.#multiplier = runtimeMultiplier(runtime)
  }

  loadEncoder(checkpoint: Checkpoint, options: EncoderOptions): Promise<OnnxEncoder> {
    return OnnxEncoder.load(this.runtime, checkpoint, options)
  }

  residents(codec: Codec, dim: number): CpuResidents {
    return new CpuResidents(this, codec, dim, this.#multiplier)
  }

  destroy(): void {}
}
