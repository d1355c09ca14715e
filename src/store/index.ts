export { countBits, hasBit } from './bits.ts'
export { type BlobRef, type Bytes, type NewBlob, newBlob } from './blob.ts'
export { type Chunk, parseChunk, TRUNCATED } from './codes.ts'
export { listStores, removeStore } from './connection.ts'
export { type CopyOptions, copyIndex } from './copy.ts'
export { addEncoded, addPending, addSegment, deleteDocuments } from './edit.ts'
export { exportFile, fileStore } from './file.ts'
export { httpStore } from './http.ts'
export { indexedDBStore } from './indexeddb.ts'
export type { Json, JsonObject } from './json.ts'
export {
  type Batch,
  bytesOf,
  type CodecRecord,
  checkModel,
  deletedBits,
  FORMAT_VERSION,
  liveDocuments,
  MAX_SEGMENT_DOCUMENTS,
  type Manifest,
  type ModelRecord,
  newManifest,
  refsOf,
  refsOfBatch,
  type Segment,
} from './manifest.ts'
export { memoryStore } from './memory.ts'
export { applyMerge, type Merge, mergeSegments, planMerge } from './merge.ts'
export { MAX_SEGMENT_BYTES, type NewPassage, readCodes, SegmentWriter } from './segment.ts'
export { type Change, type Commit, type Store, StoreConflict, update, withManifest } from './store.ts'
export {
  type DocumentRecord,
  type NewDocument,
  readDocuments,
  readText,
  type Section,
  type StoredDocument,
  textStarts,
  writeBatch,
} from './texts.ts'
