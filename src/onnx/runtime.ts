/** What is used of ONNX Runtime: the API that `onnxruntime-node` and `onnxruntime-web` share. */
export interface Runtime {
  InferenceSession: { create(model: Uint8Array, options: SessionOptions): Promise<Session> }
  Tensor: new (
    type: 'int8' | 'int32' | 'float32',
    data: Int8Array | Int32Array | Float32Array,
    shape: readonly number[],
  ) => unknown
  env: { versions: Readonly<Record<string, string | undefined>> }
}

export interface SessionOptions {
  /** Files that tensors of the model lie in. They are copied. */
  externalData?: { path: string; data: Uint8Array }[]
  graphOptimizationLevel?: 'all'
  /** 3: errors alone are logged. */
  logSeverityLevel: 3
  extra?: { session: Record<string, string> }
}

export interface Session {
  run(inputs: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, { data: unknown }>>>
  release(): Promise<void>
}
