import type { Multiplier } from '../cpu/estimate.ts'
import { type DataType, Graph } from './graph.ts'
import type { Runtime, Session } from './runtime.ts'

/** Products of token vectors with a query by the runtime's matrix product, which takes signed bytes too. */
export function runtimeMultiplier(runtime: Runtime): Multiplier {
  const sessions = new Map<DataType, Promise<Session>>()
  return (query, dim) => {
    const rows = query.length / dim
    const columns = new Float32Array(query.length)
    for (let row = 0; row < rows; row++) {
      for (let i = 0; i < dim; i++) columns[i * rows + row] = query[row * dim + i]
    }
    const right = new runtime.Tensor('float32', columns, [dim, rows])
    return async (values) => {
      const bytes = values instanceof Int8Array
      const type = bytes ? 'I8' : 'F32'
      const loading = sessions.get(type) ?? runtime.InferenceSession.create(writeProduct(type), { logSeverityLevel: 3 })
      sessions.set(type, loading)
      const left = new runtime.Tensor(bytes ? 'int8' : 'float32', values, [values.length / dim, dim])
      const { products } = await (await loading).run({ vectors: left, query: right })
      return products.data as Float32Array
    }
  }
}

/** products (n, rows) = vectors (n, dim) · query (dim, rows) */
export function writeProduct(type: DataType): Uint8Array {
  const graph = new Graph()
  const vectors = graph.input('vectors', type, ['n', 'dim'])
  const query = graph.input('query', 'F32', ['dim', 'rows'])
  graph.addOutput('products', 'MatMul', [type === 'F32' ? vectors : graph.add('Cast', [vectors], { to: 1 }), query])
  graph.output('products', 'F32', ['n', 'rows'])
  return graph.finish()
}
