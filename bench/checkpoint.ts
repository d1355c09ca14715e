/** Checkpoints of real shapes with seeded random weights: what is measured depends on shapes, not on what was learnt. */
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Shape {
  layers: number
  hidden: number
  heads: number
  /** Width of a token vector. */
  dim: number
}

const VOCABULARY = 30_522
const POSITIONS = 512
const WORDS = ['[PAD]', '[unused0]', '[unused1]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']

/** Writes a Stanford ColBERT checkpoint into a temporary folder, F16, and gives the folder and its end. */
export async function writeCheckpoint(shape: Shape): Promise<{ folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'maxsift-bench-'))
  const words = Array.from({ length: VOCABULARY }, (_, i) => WORDS[i] ?? `w${i}`)
  const json = (name: string, value: unknown) => writeFile(join(folder, name), JSON.stringify(value))
  await writeFile(join(folder, 'vocab.txt'), words.join('\n'))
  await json('tokenizer_config.json', { tokenizer_class: 'BertTokenizer', do_lower_case: true })
  await json('config.json', {
    architectures: ['HF_ColBERT'],
    model_type: 'bert',
    hidden_size: shape.hidden,
    num_hidden_layers: shape.layers,
    num_attention_heads: shape.heads,
    intermediate_size: 4 * shape.hidden,
    vocab_size: VOCABULARY,
    max_position_embeddings: POSITIONS,
    type_vocab_size: 2,
    layer_norm_eps: 1e-12,
    hidden_act: 'gelu',
  })
  await json('artifact.metadata', {
    query_token_id: '[unused0]',
    doc_token_id: '[unused1]',
    dim: shape.dim,
    query_maxlen: 32,
    doc_maxlen: 300,
    mask_punctuation: true,
    attend_to_mask_tokens: false,
  })
  await writeWeights(join(folder, 'model.safetensors'), tensors(shape))
  return { folder, remove: () => rm(folder, { recursive: true }) }
}

function tensors({ layers, hidden, dim }: Shape): Map<string, number[]> {
  const shapes = new Map<string, number[]>()
  const norm = (name: string) => {
    shapes.set(`${name}.weight`, [hidden])
    shapes.set(`${name}.bias`, [hidden])
  }
  const dense = (name: string, outputs: number, inputs: number) => {
    shapes.set(`${name}.weight`, [outputs, inputs])
    shapes.set(`${name}.bias`, [outputs])
  }
  shapes.set('bert.embeddings.word_embeddings.weight', [VOCABULARY, hidden])
  shapes.set('bert.embeddings.position_embeddings.weight', [POSITIONS, hidden])
  shapes.set('bert.embeddings.token_type_embeddings.weight', [2, hidden])
  norm('bert.embeddings.LayerNorm')
  for (let i = 0; i < layers; i++) {
    const layer = `bert.encoder.layer.${i}`
    for (const part of ['query', 'key', 'value']) dense(`${layer}.attention.self.${part}`, hidden, hidden)
    dense(`${layer}.attention.output.dense`, hidden, hidden)
    norm(`${layer}.attention.output.LayerNorm`)
    dense(`${layer}.intermediate.dense`, 4 * hidden, hidden)
    dense(`${layer}.output.dense`, hidden, 4 * hidden)
    norm(`${layer}.output.LayerNorm`)
  }
  shapes.set('linear.weight', [dim, hidden])
  return shapes
}

/** F16 values of either sign between 2^-5 and 2^-4: a typical size for weights. */
async function writeWeights(path: string, shapes: ReadonlyMap<string, readonly number[]>): Promise<void> {
  let end = 0
  const header = Object.fromEntries(
    Array.from(shapes, ([name, shape]) => {
      const begin = end
      end += 2 * shape.reduce((product, size) => product * size, 1)
      return [name, { dtype: 'F16', shape, data_offsets: [begin, end] }]
    }),
  )
  const text = new TextEncoder().encode(JSON.stringify(header).padEnd(Math.ceil(JSON.stringify(header).length / 8) * 8))
  const length = new DataView(new ArrayBuffer(8))
  length.setBigUint64(0, BigInt(text.length), true)
  const file = await open(path, 'w')
  try {
    await file.write(new Uint8Array(length.buffer))
    await file.write(text)
    let state = 1
    for (let at = 0; at < end; ) {
      const values = new Uint16Array(Math.min(1 << 20, (end - at) / 2))
      for (let i = 0; i < values.length; i++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0
        values[i] = 0x2800 | ((state >>> 16) & 0x83ff)
      }
      await file.write(new Uint8Array(values.buffer))
      at += values.byteLength
    }
  } finally {
    await file.close()
  }
}
