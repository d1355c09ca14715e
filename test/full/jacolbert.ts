/** A checkpoint of the shape of JaColBERTv2.5 with seeded weights, over the real tokenizer of its base model. */
import { copyFileSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkpoint, readJson } from '../japanese/goldens.ts'
import { safetensors, type TensorInput } from '../model/files.ts'

const HIDDEN = 768
const WIDE = 3072
const LAYERS = 12

/** Numbers of a xorshift generator, in bytes from -127 to 127. */
function bytes(count: number, seed: number): Uint8Array {
  const values = new Uint8Array(count)
  let state = seed
  for (let i = 0; i < count; i++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    values[i] = (state % 128) & 255
  }
  return values
}

const f32 = (shape: number[], value: (i: number) => number): TensorInput => ({
  dtype: 'F32',
  shape,
  bytes: new Uint8Array(Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => value(i)).buffer),
})

/** @returns the folder, in which there are config.json, the tokenizer, artifact.metadata and 111 MB of I8 weights */
export function writeJacolbert(): string {
  const folder = mkdtempSync(join(tmpdir(), 'maxsift-jacolbert-'))
  const config = readJson(join(checkpoint, 'config.json'))
  const tensors: Record<string, TensorInput> = {}
  let seed = 1
  const matrix = (name: string, rows: number, columns: number, spread: number) => {
    // The bytes have a standard deviation of 74.
    tensors[name] = { dtype: 'I8', shape: [rows, columns], bytes: bytes(rows * columns, seed++) }
    tensors[`${name}_scale`] = f32([rows], () => spread / 74)
  }
  const dense = (name: string, outputs: number, inputs: number) => {
    matrix(`${name}.weight`, outputs, inputs, 1 / Math.sqrt(inputs))
    tensors[`${name}.bias`] = f32([outputs], (i) => 0.1 * Math.sin(seed + i))
  }
  const norm = (name: string) => {
    tensors[`${name}.weight`] = f32([HIDDEN], (i) => 1 + 0.3 * Math.sin(i))
    tensors[`${name}.bias`] = f32([HIDDEN], (i) => 0.1 * Math.cos(i))
  }
  matrix('bert.embeddings.word_embeddings.weight', config.vocab_size, HIDDEN, 0.05)
  matrix('bert.embeddings.position_embeddings.weight', 512, HIDDEN, 0.02)
  matrix('bert.embeddings.token_type_embeddings.weight', 2, HIDDEN, 0.02)
  norm('bert.embeddings.LayerNorm')
  for (let i = 0; i < LAYERS; i++) {
    const layer = `bert.encoder.layer.${i}`
    for (const part of ['query', 'key', 'value']) dense(`${layer}.attention.self.${part}`, HIDDEN, HIDDEN)
    dense(`${layer}.attention.output.dense`, HIDDEN, HIDDEN)
    norm(`${layer}.attention.output.LayerNorm`)
    dense(`${layer}.intermediate.dense`, WIDE, HIDDEN)
    dense(`${layer}.output.dense`, HIDDEN, WIDE)
    norm(`${layer}.output.LayerNorm`)
  }
  matrix('linear.weight', 128, HIDDEN, 1 / Math.sqrt(HIDDEN))
  writeFileSync(join(folder, 'model.safetensors'), safetensors(tensors))
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...config, architectures: ['HF_ColBERT'] }))
  for (const name of ['vocab.txt', 'tokenizer_config.json']) copyFileSync(join(checkpoint, name), join(folder, name))
  const metadata = { query_token_id: '[unused0]', doc_token_id: '[unused1]', dim: 128, query_maxlen: 32 }
  writeFileSync(join(folder, 'artifact.metadata'), JSON.stringify({ ...metadata, doc_maxlen: 300 }))
  return folder
}
