/**
 * The tokenizer of a checkpoint as `transformers` 5 sets it up, in one `tokenizer.json` object.
 * For a BertTokenizer only the vocabulary comes from `tokenizer.json`; how texts are normalised comes from
 * `tokenizer_config.json`, lower case by default (`models/bert/tokenization_bert.py`).
 */
import { MaxsiftError } from '../errors.ts'
import type { TokenizerFiles } from '../text/tokenizer.ts'
import { isObject, type Json, readObject, readText } from './read.ts'
import type { FileSource } from './source.ts'

export interface LoadedTokenizer extends TokenizerFiles {
  /** Content of a special token such as `mask_token`, where the tokenizer has it in its vocabulary. */
  special(name: string): string | undefined
}

const NAMES = ['unk_token', 'sep_token', 'pad_token', 'cls_token', 'mask_token', 'bos_token', 'eos_token'] as const
const BERT_DEFAULTS = new Map([
  ['unk_token', '[UNK]'],
  ['sep_token', '[SEP]'],
  ['pad_token', '[PAD]'],
  ['cls_token', '[CLS]'],
  ['mask_token', '[MASK]'],
])

type Added = Json & { id: number; content: string }

/** @param modelConfig `config.json`, which may name the class of the tokenizer */
export async function loadTokenizer(
  source: FileSource,
  folder: string,
  modelConfig: Json,
  signal?: AbortSignal,
): Promise<LoadedTokenizer> {
  const [file, configFile] = await Promise.all([
    readObject(source, `${folder}tokenizer.json`, signal),
    readObject(source, `${folder}tokenizer_config.json`, signal),
  ])
  const config: Json = configFile ?? {}
  const className = String(config.tokenizer_class ?? modelConfig.tokenizer_class ?? 'BertTokenizer').replace(
    /Fast$/,
    '',
  )
  if (className === 'BertJapaneseTokenizer') {
    throw new MaxsiftError('MODEL_UNSUPPORTED', `${source.name}: BertJapaneseTokenizer (MeCab) is not supported`)
  }
  const model = isObject(file?.model) ? file.model : {}
  const isBert = className === 'BertTokenizer' && (model.type ?? 'WordPiece') === 'WordPiece'
  const vocabulary = file ? model.vocab : await readVocabulary(source, folder, isBert, className, signal)
  // Old checkpoints keep the special tokens in a file of their own.
  const map = config.added_tokens_decoder ? null : await readObject(source, `${folder}special_tokens_map.json`, signal)

  const ids = new Map(isObject(vocabulary) ? Object.entries(vocabulary) : [])
  const added = new Map<string, Added>()
  for (const token of [...decoderTokens(config), ...fileTokens(file)])
    if (!added.has(token.content)) added.set(token.content, token)
  const idOf = (content: string) => added.get(content)?.id ?? (ids.get(content) as number | undefined)

  const specials = new Map<string, string>(isBert ? BERT_DEFAULTS : [])
  for (const from of [map ?? {}, config]) {
    for (const name of NAMES) {
      const content = contentOf(from[name])
      if (content !== undefined) specials.set(name, content)
    }
  }
  const extra = [map ?? {}, config].flatMap((from) =>
    [from.additional_special_tokens, from.extra_special_tokens].flat(),
  )
  for (const content of [...specials.values(), ...extra.map(contentOf)]) {
    const id = content === undefined ? undefined : idOf(content)
    // A token that the vocabulary lacks would get a new id, for which the model has no row.
    if (content === undefined || id === undefined) continue
    const known = added.get(content)
    added.set(content, known ? { ...known, special: true } : { id, content, special: true, normalized: false })
  }
  const special = (name: string) => {
    const content = specials.get(name)
    return content !== undefined && idOf(content) !== undefined ? content : undefined
  }
  const addedTokens = [...added.values()]
  if (!isBert) return { json: { ...file, added_tokens: addedTokens }, config, special }

  const json = {
    added_tokens: addedTokens,
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: config.tokenize_chinese_chars ?? true,
      strip_accents: config.strip_accents ?? null,
      lowercase: config.do_lower_case ?? true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'BertProcessing',
      cls: required('cls_token', special, idOf),
      sep: required('sep_token', special, idOf),
    },
    model: { type: 'WordPiece', unk_token: specials.get('unk_token'), vocab: vocabulary },
  }
  return { json, config, special }
}

function required(
  name: string,
  special: (name: string) => string | undefined,
  idOf: (content: string) => number | undefined,
): [string, number | undefined] {
  const content = special(name)
  if (content === undefined)
    throw new MaxsiftError('MODEL_INVALID', `the vocabulary of the tokenizer lacks its ${name}`)
  return [content, idOf(content)]
}

async function readVocabulary(
  source: FileSource,
  folder: string,
  isBert: boolean,
  className: string,
  signal?: AbortSignal,
): Promise<Json> {
  const text = await readText(source, `${folder}vocab.txt`, signal)
  if (text === null) {
    throw new MaxsiftError('MODEL_INVALID', `${source.name} has no tokenizer: neither tokenizer.json nor vocab.txt`)
  }
  if (!isBert) {
    throw new MaxsiftError(
      'MODEL_UNSUPPORTED',
      `${source.name}: a ${className} without tokenizer.json is not supported`,
      {
        remedy: 'Load the tokenizer in Python with AutoTokenizer and save it again: that writes a tokenizer.json.',
      },
    )
  }
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return Object.fromEntries(lines.map((line, id) => [line.trimEnd(), id]))
}

/** `added_tokens_decoder` of `tokenizer_config.json`: `{ id: { content, … } }`. */
function decoderTokens(config: Json): Added[] {
  if (!isObject(config.added_tokens_decoder)) return []
  return Object.entries(config.added_tokens_decoder)
    .filter(([, token]) => isObject(token) && typeof token.content === 'string')
    .map(([id, token]) => ({ ...(token as Added), id: Number(id) }))
}

const fileTokens = (file: Json | null): Added[] =>
  Array.isArray(file?.added_tokens) ? file.added_tokens.filter((t) => isObject(t) && typeof t.content === 'string') : []

const contentOf = (token: unknown): string | undefined =>
  typeof token === 'string' ? token : isObject(token) && typeof token.content === 'string' ? token.content : undefined

/** Adds a token that is found in texts as it stands, in place of one with the same content. */
export function withAddedTokens(json: Json, tokens: readonly { id: number; content: string }[]): Json {
  const kept = fileTokens(json).filter(({ content }) => !tokens.some((token) => token.content === content))
  return {
    ...json,
    added_tokens: [...kept, ...tokens.map((token) => ({ ...token, special: true, normalized: false }))],
  }
}

/** Lower case before everything else, unless the tokenizer does it anyway (`do_lower_case` of sentence-transformers). */
export function withLowerCase(json: Json): Json {
  const has = (step: unknown): boolean =>
    isObject(step) &&
    (step.type === 'Lowercase' ||
      (step.type === 'BertNormalizer' && step.lowercase !== false) ||
      (Array.isArray(step.normalizers) && step.normalizers.some(has)))
  if (has(json.normalizer)) return json
  const rest = json.normalizer ? [json.normalizer] : []
  return { ...json, normalizer: { type: 'Sequence', normalizers: [{ type: 'Lowercase' }, ...rest] } }
}
