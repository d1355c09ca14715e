/** `maxsift/node`: the same API in Node, over the npm package `webgpu`. */
export { type ErrorCode, MaxsiftError, type UnavailableReason } from '../errors.ts'
export { type Encoding, Engine } from '../search/engine.ts'
export type * from '../search/types.ts'
export type { SearchIndex } from '../worker/search-index.ts'
export { createIndex, importIndex, listModels, type NodeIndexOptions, removeModel } from './client.ts'
export { nodeEnvironment } from './environment.ts'
