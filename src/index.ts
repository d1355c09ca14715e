export { type ErrorCode, MaxsiftError, type UnavailableReason } from './errors.ts'
export type {
  AddResult,
  CallOptions,
  CodecId,
  CreateIndexOptions,
  DocumentInput,
  Explanation,
  Filter,
  FilterRange,
  FilterValue,
  Hit,
  IndexEntry,
  IndexEvents,
  IndexInfo,
  ModelOption,
  PassageHit,
  PassageInput,
  Progress,
  RemoveResult,
  SearchOptions,
  SearchResult,
} from './search/types.ts'
export { createIndex, importIndex, listIndexes, type OriginOptions, removeAll, removeIndex } from './worker/client.ts'
export type { SearchIndex } from './worker/search-index.ts'
