import { MaxsiftError, type UnavailableReason } from '../errors.ts'
import type { Findings } from './findings.ts'
import { KernelCache } from './kernel.ts'
import { Pool } from './pool.ts'

/** What an adapter offers beyond core WebGPU. Choosing a kernel's variant is a pure function of this and the shape. */
export interface Capabilities {
  /** `shader-f16` arithmetic. */
  f16: boolean
  /** Smallest and largest subgroup, or null without the feature. */
  subgroups: { min: number; max: number } | null
  /** `dot4I8Packed` and friends; says nothing about speed (it may be polyfilled). */
  packedDot: boolean
  timestamps: boolean
  /** A software adapter: correct, but slow. */
  fallback: boolean
  /** Tile of large matrix products that a probe found fastest; none before it. See `probeGemm`. */
  tile?: string
  /** A probe found MaxSim of 8-bit codes clearly faster in integers. See `probeMaxSim`. */
  integer?: boolean
  /** Vendor, architecture and description, for reports. */
  adapter: string
  limits: {
    storageBuffers: number
    invocations: number
    workgroupBytes: number
    bindingBytes: number
    bufferBytes: number
    groups: number
  }
}

export interface DeviceOptions {
  /** The WebGPU entry; `navigator.gpu` by default. In Node: what the `webgpu` package creates. */
  gpu?: GPU
  /**
   * `adapter` asks for all the adapter offers in buffer sizes, `default` keeps the limits every WebGPU device has.
   * Workgroup limits always stay at the default: the kernels are written for it.
   */
  limits?: 'default' | 'adapter'
  /** Lower limits than the device's, to force sharding in tests. */
  caps?: Partial<Capabilities['limits']>
  /** Features not to use, to force a variant in tests. */
  without?: readonly ('f16' | 'subgroups' | 'packedDot')[]
  /** Where probes find their earlier answers; they are asked for each device where absent. */
  findings?: Findings
}

/** Running totals of what was asked of the GPU; the difference around a call is its cost. */
export interface Counts {
  dispatches: number
  submissions: number
  readbacks: number
  readbackBytes: number
  /** Bytes of the buffers of `allocate` that are alive now. */
  bytes: number
  /** Buffers created so far. */
  allocations: number
  /** Pipelines compiled so far. */
  pipelines: number
}

/** One GPU device, its capabilities, its kernels and its counters. */
export class Device {
  readonly counts: Counts = {
    dispatches: 0,
    submissions: 0,
    readbacks: 0,
    readbackBytes: 0,
    bytes: 0,
    allocations: 0,
    pipelines: 0,
  }
  readonly kernels: KernelCache
  /** Parameters of dispatches. */
  readonly uniforms: Pool
  /** What results are read back through. */
  readonly staging: Pool
  /** Set once the device is gone; every later use rejects with `DEVICE_LOST`. */
  lostBecause: string | null = null
  readonly lost: Promise<GPUDeviceLostInfo>

  private constructor(
    readonly gpu: GPUDevice,
    readonly caps: Capabilities,
    // Dawn for Node aborts the process when its GPU object is collected while a device lives.
    readonly entry: GPU,
    readonly findings?: Findings,
  ) {
    this.kernels = new KernelCache(this)
    this.uniforms = new Pool(this, 'params', USAGE.UNIFORM | USAGE.COPY_DST)
    this.staging = new Pool(this, 'readback', USAGE.MAP_READ | USAGE.COPY_DST)
    this.lost = gpu.lost.then((info) => {
      this.lostBecause = info.message || info.reason || 'unknown'
      return info
    })
  }

  /** @throws MaxsiftError `WEBGPU_UNAVAILABLE` with the reason. */
  static async open(options: DeviceOptions = {}): Promise<Device> {
    const entry = options.gpu ?? defaultEntry()
    const adapter = await entry.requestAdapter({ powerPreference: 'high-performance' }).catch((cause) => {
      throw unavailable('no-adapter', 'The browser gave no GPU adapter.', cause)
    })
    if (!adapter) throw unavailable('no-adapter', 'The browser gave no GPU adapter.')
    const without = new Set(options.without)
    const features = (['shader-f16', 'subgroups', 'timestamp-query'] as GPUFeatureName[]).filter(
      (feature) =>
        adapter.features.has(feature) &&
        !(feature === 'shader-f16' && without.has('f16')) &&
        !(feature === ('subgroups' as GPUFeatureName) && without.has('subgroups')),
    )
    const requiredLimits: Record<string, number> = {}
    if (options.limits !== 'default') {
      requiredLimits.maxBufferSize = adapter.limits.maxBufferSize
      requiredLimits.maxStorageBufferBindingSize = adapter.limits.maxStorageBufferBindingSize
    }
    let gpu: GPUDevice
    try {
      gpu = await adapter.requestDevice({ requiredFeatures: features, requiredLimits })
    } catch (cause) {
      throw unavailable('limits', 'The GPU adapter gave no device with the default limits of WebGPU.', cause)
    }
    return new Device(gpu, capabilities(adapter, gpu, entry, without, options.caps), entry, options.findings)
  }

  /**
   * A buffer of at least `bytes` (a multiple of 4), zero-filled.
   * @throws MaxsiftError `OUT_OF_MEMORY` when the device refuses it, `DEVICE_LOST`.
   */
  async allocate(bytes: number, label: string, usage: number = STORAGE): Promise<GPUBuffer> {
    this.assertAlive()
    const size = Math.max(16, Math.ceil(bytes / 4) * 4)
    if (size > this.caps.limits.bufferBytes) {
      throw new MaxsiftError(
        'OUT_OF_MEMORY',
        `${label} needs ${size} bytes; one buffer of this GPU holds at most ${this.caps.limits.bufferBytes}.`,
      )
    }
    this.gpu.pushErrorScope('out-of-memory')
    this.gpu.pushErrorScope('validation')
    const buffer = this.gpu.createBuffer({ size, usage, label })
    const [invalid, memory] = await Promise.all([this.gpu.popErrorScope(), this.gpu.popErrorScope()])
    const error = memory ?? invalid
    if (error) {
      buffer.destroy()
      this.assertAlive()
      throw new MaxsiftError('OUT_OF_MEMORY', `The GPU has no room for ${label} (${size} bytes): ${error.message}`)
    }
    this.counts.bytes += size
    this.counts.allocations += 1
    return buffer
  }

  /** Gives a buffer of `allocate` back. */
  release(buffer: GPUBuffer): void {
    this.counts.bytes -= buffer.size
    buffer.destroy()
  }

  /** @throws MaxsiftError `DEVICE_LOST`. */
  assertAlive(cause?: unknown): void {
    if (this.lostBecause !== null)
      throw new MaxsiftError('DEVICE_LOST', `The GPU device was lost: ${this.lostBecause}.`, { cause })
  }

  destroy(): void {
    this.gpu.destroy()
  }
}

// GPUBufferUsage is a browser global that plain Node lacks; its values are fixed by the specification.
export const USAGE = {
  MAP_READ: 1,
  MAP_WRITE: 2,
  COPY_SRC: 4,
  COPY_DST: 8,
  UNIFORM: 64,
  STORAGE: 128,
  QUERY_RESOLVE: 512,
} as const
export const STORAGE = USAGE.STORAGE | USAGE.COPY_SRC | USAGE.COPY_DST

function defaultEntry(): GPU {
  const { isSecureContext, navigator } = globalThis
  if (navigator?.gpu) return navigator.gpu
  if (isSecureContext === false) throw unavailable('insecure-context', 'WebGPU is only offered to secure pages.')
  throw unavailable('no-api', 'This browser has no WebGPU.')
}

function unavailable(reason: UnavailableReason, message: string, cause?: unknown): MaxsiftError {
  return new MaxsiftError('WEBGPU_UNAVAILABLE', message, { reason, cause })
}

function capabilities(
  adapter: GPUAdapter,
  gpu: GPUDevice,
  entry: GPU,
  without: ReadonlySet<string>,
  caps: Partial<Capabilities['limits']> = {},
): Capabilities {
  const info = adapter.info
  const { limits } = gpu
  return {
    f16: gpu.features.has('shader-f16'),
    // Some implementations report 0 for the sizes they do not know.
    subgroups: gpu.features.has('subgroups' as GPUFeatureName)
      ? { min: info.subgroupMinSize || 4, max: info.subgroupMaxSize || 128 }
      : null,
    packedDot: Boolean(entry.wgslLanguageFeatures?.has('packed_4x8_integer_dot_product')) && !without.has('packedDot'),
    timestamps: gpu.features.has('timestamp-query'),
    fallback:
      Boolean(info.isFallbackAdapter) || /swiftshader|llvmpipe|lavapipe/i.test(`${info.description} ${info.device}`),
    adapter: [info.vendor, info.architecture, info.device, info.description].filter(Boolean).join(' '),
    limits: {
      storageBuffers: limits.maxStorageBuffersPerShaderStage,
      invocations: limits.maxComputeInvocationsPerWorkgroup,
      workgroupBytes: limits.maxComputeWorkgroupStorageSize,
      bindingBytes: limits.maxStorageBufferBindingSize,
      bufferBytes: limits.maxBufferSize,
      groups: limits.maxComputeWorkgroupsPerDimension,
      ...caps,
    },
  }
}
