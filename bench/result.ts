/** What a run of the bench gives: plain data, written as JSON, from which report and plots are made. */

/** What this adapter can do at best, as measured by micro-kernels. A rate is null where the adapter lacks the feature. */
export interface Roofline {
  /** Peak f32 multiply-adds a second, each counted as two operations. */
  flops: number
  /** The same in f16, by `shader-f16`. */
  flops_f16: number | null
  /** The same of packed signed bytes, by `dot4I8Packed`. */
  ops_int8: number | null
  /** Bytes read from a storage buffer larger than most caches, … */
  bytes_per_s: number
  /** … and from one that fits them. */
  cached_bytes_per_s: number
  /** One more dispatch within a submission. */
  dispatch_us: number
  /** A submission with one small readback. */
  readback_us: number
}

/** Which part of the roofline bounds the arithmetic of an implementation. */
export type Arithmetic = 'f32' | 'f16' | 'int8'

/** What a run cannot do without, whoever does it. */
export interface Needs {
  /** Multiply-adds, each counted as two. */
  operations: number
  /** Bytes read at least once. */
  bytes: number
  /** What the implementation computes in. */
  arithmetic: Arithmetic
}

export interface Result {
  /** `query-32/6x384`, `docs-16/6x384`, `maxsim-10k/96/int8`, … */
  workload: string
  impl: string
  unit: 'ms' | 'tokens/s'
  median: number
  min: number
  max: number
  n: number
  /** Whether the output was compared with the reference before. */
  checked: boolean
  /** ms of a run, the median; of what runs on the adapter of the roofline, with what such a run needs. */
  ms: number
  needs?: Needs
  /** The time that the roofline allows, divided by the time taken. */
  share?: number
  /** What bounds that time. */
  bound?: 'arithmetic' | 'bytes'
}

export interface Report {
  adapter: string
  backend: string
  /** A software adapter: sizes are smaller, and ratios between kernels say nothing about GPUs. */
  software: boolean
  /** Share of the machine's cores that other programs took before the run; a packed run does not know. */
  busy?: number
  versions: Record<string, string>
  commit: string
  date: string
  /** The run took. */
  seconds?: number
  roofline: Roofline
  counts: Record<string, number>
  results: Result[]
  /** What could not be measured here, and why. */
  skipped: { impl: string; reason: string }[]
}
