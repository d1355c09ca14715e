/** Small ColBERTs with the tokenizers of other families, for tests of the built package. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { bertTensors, CONFIG, type Files, floats, json, pylateFiles, safetensors } from '../model/files.ts'

const folder = new URL('../goldens/text/families/', import.meta.url)
const read = (name: string) => readFileSync(new URL(name, folder), 'utf8')

/** A golden of `test/goldens/text/families.py`, with the table that several have. */
export const familyGolden = (name: string) =>
  JSON.parse(read(`${name}.json`).replaceAll('"nmt_nfkc"', JSON.stringify(read('charsmap.txt'))))

/** @param name of a golden whose tokenizer the checkpoint has */
export function familyCheckpoint(name: string): Files {
  const { tokenizer } = familyGolden(name)
  const { vocab } = tokenizer.model
  const vocabulary = (Array.isArray(vocab) ? vocab.length : Object.keys(vocab).length) + 16
  const tensors = {
    ...bertTensors(),
    'embeddings.word_embeddings.weight': floats([vocabulary, CONFIG.hidden_size], 5),
    'embeddings.position_embeddings.weight': floats([128, CONFIG.hidden_size]),
  }
  const settings = {
    query_length: 64,
    document_length: 128,
    do_query_expansion: false,
    query_prefix: '',
    document_prefix: '',
  }
  return pylateFiles({ ...settings, skiplist_words: [] }, { out_features: 16 })
    .set('config.json', json({ ...CONFIG, vocab_size: vocabulary, max_position_embeddings: 128 }))
    .set('tokenizer.json', json(tokenizer))
    .set('tokenizer_config.json', json({ tokenizer_class: 'PreTrainedTokenizerFast', model_max_length: 128 }))
    .set('model.safetensors', safetensors(tensors))
    .set('1_Dense/model.safetensors', safetensors({ 'linear.weight': floats([16, CONFIG.hidden_size]) }))
}

/** @returns a new folder with the files */
export function writeFamilyCheckpoint(name: string): string {
  const target = mkdtempSync(join(tmpdir(), 'maxsift-family-'))
  for (const [path, bytes] of familyCheckpoint(name)) {
    mkdirSync(dirname(join(target, path)), { recursive: true })
    writeFileSync(join(target, path), bytes)
  }
  return target
}
