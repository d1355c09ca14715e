/** Checkpoints made in memory, for tests that break them. */
import { sha256 } from '../../src/model/hash.ts'
import type { FileSource } from '../../src/model/source.ts'
import { BLOCK_BYTES, type Pin } from '../../src/model/verified.ts'

export type Bytes = Uint8Array<ArrayBuffer>
export type Files = Map<string, Bytes>

export interface TensorInput {
  dtype: string
  shape: number[]
  bytes: Uint8Array
}

export const utf8 = (text: string) => new TextEncoder().encode(text) as Bytes
export const json = (value: unknown) => utf8(JSON.stringify(value))

/** What `verified` is to expect of these bytes. */
export async function pinOf(bytes: Bytes): Promise<Pin> {
  const blocks: string[] = []
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) blocks.push(await sha256(bytes.slice(at, at + BLOCK_BYTES)))
  return { bytes: bytes.length, blocks }
}

/** A file with this header, whatever it is, and these values after it. */
export function withHeader(header: string | Uint8Array, values: Uint8Array = new Uint8Array(0)): Bytes {
  const text = typeof header === 'string' ? utf8(header) : header
  const file = new Uint8Array(8 + text.length + values.length)
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true)
  file.set(text, 8)
  file.set(values, 8 + text.length)
  return file
}

export function safetensors(tensors: Readonly<Record<string, TensorInput>>): Bytes {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } }
  const total = Object.values(tensors).reduce((sum, { bytes }) => sum + bytes.length, 0)
  const values = new Uint8Array(total)
  let at = 0
  for (const [name, { dtype, shape, bytes }] of Object.entries(tensors)) {
    header[name] = { dtype, shape, data_offsets: [at, at + bytes.length] }
    values.set(bytes, at)
    at += bytes.length
  }
  return withHeader(JSON.stringify(header), values)
}

/** A tensor of numbers that follow from a seed. */
export function floats(shape: number[], seed = 1): TensorInput {
  const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(seed + i))
  return { dtype: 'F32', shape, bytes: new Uint8Array(values.buffer) }
}

const H = 8
const VOCABULARY = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', '[unused0]', '[unused1]', 'a', 'b', '.', '!', '##c']

export const CONFIG = {
  model_type: 'bert',
  architectures: ['BertModel'],
  hidden_size: H,
  num_attention_heads: 2,
  num_hidden_layers: 1,
  intermediate_size: 12,
  vocab_size: VOCABULARY.length,
  max_position_embeddings: 16,
  type_vocab_size: 2,
  hidden_act: 'gelu',
}

/** The tensors of a plain BERT of one layer. */
export function bertTensors(): Record<string, TensorInput> {
  const layer = 'encoder.layer.0'
  const shapes: Record<string, number[]> = {
    'embeddings.word_embeddings.weight': [VOCABULARY.length, H],
    'embeddings.position_embeddings.weight': [16, H],
    'embeddings.token_type_embeddings.weight': [2, H],
    'embeddings.LayerNorm.weight': [H],
    'embeddings.LayerNorm.bias': [H],
  }
  const dense = (name: string, outputs: number, inputs: number) => {
    shapes[`${name}.weight`] = [outputs, inputs]
    shapes[`${name}.bias`] = [outputs]
  }
  for (const part of ['query', 'key', 'value']) dense(`${layer}.attention.self.${part}`, H, H)
  dense(`${layer}.attention.output.dense`, H, H)
  dense(`${layer}.intermediate.dense`, 12, H)
  dense(`${layer}.output.dense`, H, 12)
  for (const part of ['attention.output', 'output']) {
    shapes[`${layer}.${part}.LayerNorm.weight`] = [H]
    shapes[`${layer}.${part}.LayerNorm.bias`] = [H]
  }
  return Object.fromEntries(Object.entries(shapes).map(([name, shape], i) => [name, floats(shape, i)]))
}

/** A plain BERT: config.json, vocab.txt, model.safetensors. */
export function bertFiles(): Files {
  return new Map([
    ['config.json', json(CONFIG)],
    ['vocab.txt', utf8(VOCABULARY.join('\n'))],
    ['model.safetensors', safetensors(bertTensors())],
  ])
}

/** A Stanford ColBERT of the same encoder. */
export function stanfordFiles(metadata: Record<string, unknown> = { query_maxlen: 8, doc_maxlen: 12, dim: 4 }): Files {
  return bertFiles()
    .set('config.json', json({ ...CONFIG, architectures: ['HF_ColBERT'] }))
    .set('artifact.metadata', json(metadata))
    .set('model.safetensors', safetensors({ ...bertTensors(), 'linear.weight': floats([4, H]) }))
}

/** A PyLate checkpoint of the same encoder, with one projection. */
export function pylateFiles(top: Record<string, unknown> = {}, dense: Record<string, unknown> = {}): Files {
  return bertFiles()
    .set(
      'modules.json',
      json([
        { idx: 0, name: '0', path: '', type: 'sentence_transformers.models.Transformer' },
        { idx: 1, name: '1', path: '1_Dense', type: 'pylate.models.Dense.Dense' },
      ]),
    )
    .set(
      'config_sentence_transformers.json',
      json({ model_type: 'ColBERT', query_length: 8, document_length: 12, ...top }),
    )
    .set(
      '1_Dense/config.json',
      json({
        in_features: H,
        out_features: 4,
        bias: false,
        activation_function: 'torch.nn.modules.linear.Identity',
        ...dense,
      }),
    )
    .set('1_Dense/model.safetensors', safetensors({ 'linear.weight': floats([4, H]) }))
}

/** Files in memory as a source; counts what is read. A chunk is `chunk` bytes; `sized` false hides the sizes. */
export function memorySource(files: Files, { chunk = 1 << 16, sized = true } = {}) {
  const opened: string[] = []
  let read = 0
  let cancelled = 0
  const source: FileSource = {
    name: 'test',
    async open(path, signal) {
      signal?.throwIfAborted()
      opened.push(path)
      const bytes = files.get(path)
      if (!bytes) return null
      let at = 0
      const body = new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            if (at >= bytes.length) return controller.close()
            const piece = bytes.slice(at, at + chunk)
            at += piece.length
            read += piece.length
            controller.enqueue(piece)
          },
          cancel() {
            cancelled++
          },
        },
        { highWaterMark: 0 },
      )
      return { size: sized ? bytes.length : null, body }
    },
  }
  return { source, opened, read: () => read, cancelled: () => cancelled }
}
