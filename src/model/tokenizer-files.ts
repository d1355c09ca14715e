/**
 * The tokenizer of a checkpoint as `transformers` 5 sets it up, in one `tokenizer.json` object.
 * For the classes that are named here only the vocabulary comes from `tokenizer.json`; how texts are normalised and split
 * comes from `tokenizer_config.json` (`models/bert/tokenization_bert.py` and its like).
 */
import { MaxsiftError } from '../errors.ts'
import type { TokenizerFamilies } from '../text/subwords.ts'
import type { TokenizerFiles } from '../text/tokenizer.ts'
import { japaneseSteps, noMorphemes, type OpenMorphemes, readJapaneseVocabulary } from './japanese-tokenizer.ts'
import { isObject, type Json, readObject, readText } from './read.ts'
import type { FileSource } from './source.ts'
import { CLASSES, classOf } from './tokenizer-classes.ts'

export interface LoadedTokenizer extends TokenizerFiles {
  /** Content of a special token such as `mask_token`, where the tokenizer has it in its vocabulary. */
  special(name: string): string | undefined
  /** Whether texts are padded at their start, so that expansion rows would come first. */
  padsLeft: boolean
}

/** Loads the tokenizers of other families than BERT's. */
export type OpenFamilies = () => Promise<TokenizerFamilies>

const NAMES = ['unk_token', 'sep_token', 'pad_token', 'cls_token', 'mask_token', 'bos_token', 'eos_token'] as const

/** What a special token may say of the text around it. */
const STRIPPING = ['lstrip', 'rstrip', 'single_word']

type Added = Json & { id: number; content: string }

/**
 * @param modelConfig `config.json`, which may name the class of the tokenizer
 * @param japanese Absent where there is no Japanese dictionary.
 * @param tokenizers Absent where there are only BERT's.
 */
export async function loadTokenizer(
  source: FileSource,
  folder: string,
  modelConfig: Json,
  { signal, japanese, tokenizers }: { signal?: AbortSignal; japanese?: OpenMorphemes; tokenizers?: OpenFamilies } = {},
): Promise<LoadedTokenizer> {
  const [file, configFile] = await Promise.all([
    readObject(source, `${folder}tokenizer.json`, signal),
    readObject(source, `${folder}tokenizer_config.json`, signal),
  ])
  const config: Json = configFile ?? {}
  const left = (of: 'truncation' | 'padding'): boolean => {
    const given = file?.[of]
    const side = config[`${of}_side`] ?? (isObject(given) ? given.direction : undefined)
    return String(side).toLowerCase() === 'left'
  }
  const unusual = left('truncation') ? 'truncation_side "left"' : config.split_special_tokens && 'split_special_tokens'
  if (unusual) throw new MaxsiftError('MODEL_UNSUPPORTED', `tokenizer_config.json: ${unusual} is not supported`)
  const className = classOf(config, modelConfig)
  const steps = className === 'BertJapaneseTokenizer' ? japaneseSteps(config, source.name) : null
  if (steps && !japanese) throw noMorphemes(source.name)
  const model = isObject(file?.model) ? file.model : {}
  // Older files do not say what they are.
  const unnamed = Array.isArray(model.vocab) ? 'Unigram' : 'merges' in model ? 'BPE' : 'WordPiece'
  const type = steps ? 'WordPiece' : (model.type ?? unnamed)
  const own = CLASSES.get(steps ? 'BertTokenizer' : className)
  const built = own?.model === type ? own : undefined
  const vocabulary = steps
    ? await readJapaneseVocabulary(source, folder, signal)
    : file
      ? model.vocab
      : await readVocabulary(source, folder, className, signal)
  // Old checkpoints keep special tokens, and without a tokenizer.json also added ones, in files of their own.
  const old = async (name: string) => await readObject(source, `${folder}${name}.json`, signal)
  const map = config.added_tokens_decoder ? null : await old('special_tokens_map')
  const more = config.added_tokens_decoder || file ? null : await old('added_tokens')

  const ids = vocabularyIds(vocabulary)
  const added = new Map<string, Added>()
  const moreTokens = Object.entries(more ?? {}).map(([content, id]) => ({ id, content }) as Added)
  for (const token of [...decoderTokens(config), ...(steps ? [] : fileTokens(file)), ...moreTokens])
    if (!added.has(token.content)) added.set(token.content, token)
  const idOf = (content: string) => added.get(content)?.id ?? ids.get(content)

  const specials = new Map<string, string>(Object.entries(built?.specials ?? {}))
  const given = new Map<string, Json>()
  for (const from of [config, map ?? {}]) {
    for (const name of NAMES) {
      const token = from[name]
      const content = contentOf(token)
      if (content === undefined) continue
      specials.set(name, content)
      if (isObject(token))
        given.set(content, Object.fromEntries(STRIPPING.flatMap((key) => (token[key] ? [[key, true]] : []))))
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
    added.set(
      content,
      known ? { ...known, special: true } : { id, content, special: true, normalized: false, ...given.get(content) },
    )
  }
  const special = (name: string) => {
    const content = specials.get(name)
    return content !== undefined && idOf(content) !== undefined ? content : undefined
  }
  // A slow tokenizer looks for all of its added tokens in the text as it stands.
  const addedTokens = Array.from(added.values(), (token) => (steps ? { ...token, normalized: false } : token))
  const families = steps || type === 'WordPiece' ? undefined : await openFamilies(source.name, type, tokenizers)
  const required = (name: string): [string, number] => {
    const content = special(name)
    const id = content === undefined ? undefined : idOf(content)
    if (content === undefined || id === undefined)
      throw new MaxsiftError('MODEL_INVALID', `the vocabulary of the tokenizer lacks its ${name}`)
    return [content, id]
  }
  // The fingerprint of a model depends on the order in which this is written.
  const json = built
    ? {
        added_tokens: addedTokens,
        ...built.build({ vocabulary, file: file ?? {}, config, specials, required }),
        ...steps,
      }
    : { ...file, added_tokens: addedTokens }
  return {
    json,
    config,
    special,
    padsLeft: left('padding'),
    morphemes: steps ? await japanese?.(signal) : undefined,
    families,
  }
}

/** Ids of the pieces, however the vocabulary is written. */
function vocabularyIds(vocabulary: unknown): ReadonlyMap<string, number> {
  if (Array.isArray(vocabulary)) return new Map(vocabulary.map((entry, id) => [entry?.[0], id]))
  return new Map(isObject(vocabulary) ? (Object.entries(vocabulary) as [string, number][]) : [])
}

/** @throws MaxsiftError `MODEL_UNSUPPORTED` for a model that is in no family */
async function openFamilies(name: string, type: unknown, tokenizers?: OpenFamilies): Promise<TokenizerFamilies> {
  if (type === 'Unigram' || type === 'BPE') {
    if (tokenizers) return tokenizers()
    throw new MaxsiftError('MODEL_UNSUPPORTED', `${name} needs tokenizers.js: its tokenizer is ${type}`)
  }
  throw new MaxsiftError('MODEL_UNSUPPORTED', `tokenizer.json: a ${type} tokenizer is not supported`)
}

async function readVocabulary(
  source: FileSource,
  folder: string,
  className: string,
  signal?: AbortSignal,
): Promise<Json> {
  const text = await readText(source, `${folder}vocab.txt`, signal)
  if (text === null) {
    throw new MaxsiftError('MODEL_INVALID', `${source.name} has no tokenizer: neither tokenizer.json nor vocab.txt`)
  }
  if (CLASSES.get(className)?.model !== 'WordPiece') {
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
