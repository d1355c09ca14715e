/** Classes of `transformers` 5 that take the vocabulary of a `tokenizer.json` and build all else themselves. */
import { isObject, type Json } from './read.ts'

/** What a class is built from. */
export interface ClassFiles {
  vocabulary: unknown
  /** `tokenizer.json` */
  file: Json
  /** `tokenizer_config.json` */
  config: Json
  specials: ReadonlyMap<string, string>
  /** A special token and its id. @throws MaxsiftError `MODEL_INVALID` where there is none */
  required(name: string): [string, number]
}

export interface TokenizerClass {
  /** The type of `model`; with another the file is taken as it is. */
  model: 'WordPiece' | 'Unigram' | 'BPE'
  specials: Readonly<Record<string, string>>
  /** A `tokenizer.json` without its added tokens. */
  build(files: ClassFiles): Json
}

const ROBERTA = {
  unk_token: '<unk>',
  sep_token: '</s>',
  pad_token: '<pad>',
  cls_token: '<s>',
  mask_token: '<mask>',
  bos_token: '<s>',
  eos_token: '</s>',
}

/** `models/bert/tokenization_bert.py`: lower case by default. */
const bert: TokenizerClass = {
  model: 'WordPiece',
  specials: { unk_token: '[UNK]', sep_token: '[SEP]', pad_token: '[PAD]', cls_token: '[CLS]', mask_token: '[MASK]' },
  build: ({ vocabulary, config, specials, required }) => ({
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: config.tokenize_chinese_chars ?? true,
      strip_accents: config.strip_accents ?? null,
      lowercase: config.do_lower_case ?? true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: { type: 'BertProcessing', cls: required('cls_token'), sep: required('sep_token') },
    model: { type: 'WordPiece', unk_token: specials.get('unk_token'), vocab: vocabulary },
  }),
}

/** `models/roberta/tokenization_roberta.py` */
const roberta: TokenizerClass = {
  model: 'BPE',
  specials: ROBERTA,
  build: ({ file, config, required }) => {
    const { vocab, merges } = file.model as Json
    const add_prefix_space = config.add_prefix_space ?? false
    const ends = { cls: required('cls_token'), sep: required('sep_token') }
    return {
      pre_tokenizer: { type: 'ByteLevel', add_prefix_space },
      post_processor: {
        type: 'RobertaProcessing',
        ...ends,
        trim_offsets: config.trim_offsets ?? true,
        add_prefix_space,
      },
      model: { type: 'BPE', vocab, merges },
    }
  },
}

/** @param unknownIn where the class looks for the unknown token, whatever the file says */
const sentencePiece = (unknownIn: (vocabulary: unknown, unknown: string | undefined) => number): TokenizerClass => ({
  model: 'Unigram',
  specials: ROBERTA,
  build: ({ vocabulary, file, config, specials, required }) => {
    const { normalizers } = (file.normalizer ?? {}) as Json
    const found = (Array.isArray(normalizers) ? normalizers : [file.normalizer]).find(
      (each) => isObject(each) && each.type === 'Precompiled',
    )
    const prepend_scheme = (config.add_prefix_space ?? true) ? 'always' : 'never'
    return {
      normalizer: found ?? null,
      pre_tokenizer: {
        type: 'Sequence',
        pretokenizers: [{ type: 'WhitespaceSplit' }, { type: 'Metaspace', replacement: '▁', prepend_scheme }],
      },
      post_processor: {
        type: 'RobertaProcessing',
        cls: required('bos_token'),
        sep: required('eos_token'),
        trim_offsets: false,
      },
      model: { type: 'Unigram', unk_id: unknownIn(vocabulary, specials.get('unk_token')), vocab: vocabulary },
    }
  },
})

/** `models/xlm_roberta/tokenization_xlm_roberta.py` */
const xlmRoberta = sentencePiece(() => 3)

/** `models/camembert/tokenization_camembert.py` */
const camembert = sentencePiece((vocabulary, unknown) =>
  Math.max(
    0,
    (vocabulary as [string, number][]).findIndex((entry) => entry?.[0] === unknown),
  ),
)

export const CLASSES: ReadonlyMap<string, TokenizerClass> = new Map([
  ['BertTokenizer', bert],
  ['DistilBertTokenizer', bert],
  ['RobertaTokenizer', roberta],
  ['XLMRobertaTokenizer', xlmRoberta],
  ['CamembertTokenizer', camembert],
])

/** Where neither configuration names a class. */
const DEFAULTS: Readonly<Record<string, string>> = {
  bert: 'BertTokenizer',
  distilbert: 'BertTokenizer',
  roberta: 'RobertaTokenizer',
  'xlm-roberta': 'XLMRobertaTokenizer',
  camembert: 'CamembertTokenizer',
}

/** The class that AutoTokenizer loads (`models/auto/tokenization_auto.py`), without `Fast`. */
export function classOf(config: Json, modelConfig: Json): string {
  const type = String(modelConfig.model_type ?? 'bert')
  // Its checkpoints name classes that are not theirs.
  if (type === 'modernbert') return 'TokenizersBackend'
  const name = config.tokenizer_class ?? modelConfig.tokenizer_class ?? DEFAULTS[type] ?? 'TokenizersBackend'
  return String(name).replace(/Fast$/, '')
}
