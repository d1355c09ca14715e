/** Checkpoints of real shapes with seeded random weights: what is measured depends on shapes, not on what was learnt. */
import { blobSource, type FileSource } from '../src/model/source.ts'
import type { Shape } from './shapes.ts'

export const VOCABULARY = 30_522
/** The first ids are those of special tokens. */
export const SPECIAL = ['[PAD]', '[unused0]', '[unused1]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']
const POSITIONS = 512

/**
 * A Stanford ColBERT checkpoint in memory. Its weights are F32, since ONNX Runtime takes F16 only where an adapter has
 * `shader-f16`; they are exact in F16 too.
 */
export function makeCheckpoint(shape: Shape): FileSource {
  const words = Array.from({ length: VOCABULARY }, (_, i) => SPECIAL[i] ?? `w${i}`)
  const config = {
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
  }
  const artifact = {
    query_token_id: '[unused0]',
    doc_token_id: '[unused1]',
    dim: shape.dim,
    query_maxlen: 32,
    doc_maxlen: 300,
    mask_punctuation: true,
    attend_to_mask_tokens: false,
  }
  const tokenizer = { tokenizer_class: 'BertTokenizer', do_lower_case: true }
  return blobSource(
    [
      new File([words.join('\n')], 'vocab.txt'),
      new File([JSON.stringify(tokenizer)], 'tokenizer_config.json'),
      new File([JSON.stringify(config)], 'config.json'),
      new File([JSON.stringify(artifact)], 'artifact.metadata'),
      new File(weightFile(tensors(shape)), 'model.safetensors'),
    ],
    'bench',
  )
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

const BLOCK = 1 << 20

/** The parts of a safetensors file. */
function weightFile(shapes: ReadonlyMap<string, readonly number[]>): Uint8Array<ArrayBuffer>[] {
  const size = (shape: readonly number[]) => shape.reduce((product, count) => product * count, 1)
  let end = 0
  const header = Object.fromEntries(
    Array.from(shapes, ([name, shape]) => {
      const begin = end
      end += 4 * size(shape)
      return [name, { dtype: 'F32', shape, data_offsets: [begin, end] }]
    }),
  )
  const text = JSON.stringify(header)
  const padded = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 8) * 8))
  const length = new Uint8Array(8)
  new DataView(length.buffer).setBigUint64(0, BigInt(padded.length), true)
  const parts = [length, padded]
  let state = 1
  for (const [name, shape] of shapes) {
    const values = floats(name)
    for (let left = size(shape); left > 0; left -= BLOCK) {
      const block = new Uint32Array(Math.min(BLOCK, left))
      for (let i = 0; i < block.length; i++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0
        block[i] = values(state)
      }
      parts.push(new Uint8Array(block.buffer))
    }
  }
  return parts
}

/** Random bits to those of an f32: γ of a LayerNorm from 1 to 1.5, everything else of either sign from 2^-5 to 2^-4. */
function floats(name: string): (random: number) => number {
  return name.endsWith('LayerNorm.weight')
    ? (random) => 0x3f800000 | ((random >>> 23) << 13)
    : (random) => 0x3d000000 | (random & 0x80000000) | (((random >>> 16) & 0x3ff) << 13)
}
