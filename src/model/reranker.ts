/**
 * Cross-encoders: a query and a passage go through the model together, and a classifier gives one score.
 * Follows `cross_encoder/model.py` of sentence-transformers 6 and the `…ForSequenceClassification` of transformers.
 * A part of `tokenizers.js`: who does not rerank does not load it.
 */
import { MaxsiftError } from '../errors.ts'
import { readTemplate } from '../text/template.ts'
import { architectures, classifies } from './config.ts'
import { isObject, type Json, readObject } from './read.ts'
import { readLimit, readTransformer, tokenizerLimit } from './rules.ts'
import type { FileSource } from './source.ts'
import { type Activation, type EncoderSpec, type EncodingRules, type Family, type PairSpec, POOLINGS } from './spec.ts'
import type { ProjectionFiles, Style } from './styles.ts'
import { type LoadedTokenizer, withLowerCase } from './tokenizer-files.ts'

const unsupported = (message: string, remedy?: string) => new MaxsiftError('MODEL_UNSUPPORTED', message, { remedy })

/** @throws MaxsiftError `MODEL_UNSUPPORTED` where the model gives no score for a pair, or more than one */
export async function rerankerStyle(
  source: FileSource,
  folder: string,
  config: Json,
  files: LoadedTokenizer,
  encoder: EncoderSpec,
  signal?: AbortSignal,
): Promise<Omit<Style, 'tokenizer'>> {
  if (!classifies(config)) {
    throw unsupported(
      `${source.name} is no reranker: config.json names ${architectures(config).join(', ') || 'no class'}`,
      'Use a cross-encoder: a BERT, DistilBERT, RoBERTa, XLM-RoBERTa or ModernBERT for sequence classification with one label.',
    )
  }
  const labels = typeof config.num_labels === 'number' ? config.num_labels : labelsOf(config)
  if (labels !== 1) throw unsupported(`${source.name} gives ${labels} numbers for a pair, not one score`)
  const [top, transformer] = await Promise.all([
    readObject(source, 'config_sentence_transformers.json', signal).then((json) => json ?? {}),
    readTransformer(source, folder, config, signal),
  ])
  if (top.default_prompt_name) throw unsupported(`${source.name}: prompts of a reranker are not supported`)
  const json = transformer.do_lower_case === true ? withLowerCase(files.json) : files.json
  const type = Math.max(...readTemplate(json.post_processor).pair.map((part) => part.type))
  if (encoder.types > 0 && type >= encoder.types)
    throw new MaxsiftError('MODEL_INVALID', `the tokenizer gives type ${type}, but type_vocab_size is ${encoder.types}`)
  const limit = readLimit(transformer, files, encoder.positions)
  const pair: PairSpec = { activation: readActivation(top, config), maxLength: limit }
  const rules: EncodingRules = {
    maxLength: tokenizerLimit(files, encoder.positions),
    prompt: '',
    marker: null,
    expansion: null,
    skip: [],
    pooled: true,
  }
  return {
    style: 'bert',
    pair,
    unnormalized: true,
    ...classifier(encoder, config),
    files: { ...files, json },
    rules: { query: rules, document: rules },
  }
}

const labelsOf = ({ id2label }: Json) => (isObject(id2label) ? Object.keys(id2label).length : 2)

/** The hidden layer of the classifier and its output, by family. */
const CLASSIFIERS = {
  bert: ['pooler.dense', 'tanh', 'classifier'],
  distilbert: ['pre_classifier', 'relu', 'classifier'],
  roberta: ['classifier.dense', 'tanh', 'classifier.out_proj'],
  modernbert: ['head.dense', 'gelu', 'classifier'],
} as const satisfies Record<Family, readonly [hidden: string, activation: Activation, output: string]>

/** The classifier: of one row or their mean, one hidden layer and one output. */
function classifier({ family, hidden }: EncoderSpec, config: Json): Pick<Style, 'pooling' | 'projections'> {
  const [name, activation, output] = CLASSIFIERS[family]
  const plain = { inputs: hidden, bias: true, residual: 'none' } as const
  const first: ProjectionFiles = { spec: { ...plain, outputs: hidden, activation }, folder: null, name }
  const last: ProjectionFiles = {
    spec: { ...plain, outputs: 1, activation: 'identity' },
    folder: null,
    name: output,
  }
  if (family !== 'modernbert') return { pooling: 'cls', projections: [first, last] }
  const { classifier_activation = 'gelu', classifier_bias = false, classifier_pooling = 'cls' } = config
  if (classifier_activation !== 'gelu') {
    throw unsupported(`classifier_activation ${JSON.stringify(classifier_activation)} is not supported, only "gelu"`)
  }
  const pooling = POOLINGS.find((each) => each === classifier_pooling)
  if (!pooling) throw unsupported(`classifier_pooling ${JSON.stringify(classifier_pooling)} is not supported`)
  const spec = { ...first.spec, bias: classifier_bias === true, norm: true } as const
  return { pooling, projections: [{ ...first, spec, norm: 'head.norm' }, last] }
}

/** What makes a score of the output: sigmoid, unless a file says otherwise. */
function readActivation(top: Json, config: Json): PairSpec['activation'] {
  const own = isObject(config.sentence_transformers) ? config.sentence_transformers.activation_fn : undefined
  const path = top.activation_fn ?? own ?? config.sbert_ce_default_activation_function
  // Sentence-transformers trusts only classes of torch, and takes the default for anything else.
  const name = typeof path === 'string' && path.startsWith('torch.') ? path.split('.').at(-1) : 'Sigmoid'
  if (name === 'Sigmoid') return 'sigmoid'
  if (name === 'Identity') return 'identity'
  throw unsupported(`activation_fn ${name} is not supported, only Sigmoid and Identity`)
}
