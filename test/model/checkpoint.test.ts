import { describe, expect, it } from 'vitest'
import { openCheckpoint } from '../../src/model/checkpoint.ts'
import { rerankerStyle } from '../../src/model/reranker.ts'
import type { QueryLength } from '../../src/model/spec.ts'
import { fingerprint } from '../../src/model/stream.ts'
import { Tokenizer } from '../../src/text/tokenizer.ts'
import { loadReranker } from '../goldens/rerankers.ts'
import {
  bertFiles,
  bertTensors,
  CONFIG,
  type Files,
  floats,
  json,
  memorySource,
  pylateFiles,
  safetensors,
  stanfordFiles,
  type TensorInput,
  utf8,
} from './files.ts'

const open = (files: Files) => openCheckpoint(memorySource(files).source)
const spec = async (files: Files) => (await open(files)).spec

function expectError(files: Files, code: string, message: RegExp) {
  return expect(open(files)).rejects.toMatchObject({
    name: 'MaxsiftError',
    code,
    message: expect.stringMatching(message),
  })
}

const withConfig = (changes: Record<string, unknown>) => bertFiles().set('config.json', json({ ...CONFIG, ...changes }))
const withTensors = (change: (tensors: Record<string, TensorInput>) => void) => {
  const tensors = bertTensors()
  change(tensors)
  return bertFiles().set('model.safetensors', safetensors(tensors))
}
const without = (files: Files, ...paths: string[]) => {
  for (const path of paths) files.delete(path)
  return files
}

const WORD = 'embeddings.word_embeddings.weight'

describe('a plain BERT', () => {
  it('has no rules but its length', async () => {
    const rules = { maxLength: 16, prompt: '', marker: null, expansion: null, skip: [] }
    expect(await spec(bertFiles())).toEqual({
      name: 'test',
      style: 'bert',
      encoder: {
        family: 'bert',
        hidden: 8,
        layers: 1,
        heads: 2,
        intermediate: 12,
        vocabulary: 12,
        positions: 16,
        types: 2,
        epsilon: 1e-12,
        activation: 'gelu',
      },
      projections: [],
      dim: 8,
      query: rules,
      document: rules,
    })
    const files = bertFiles().set('tokenizer_config.json', json({ model_max_length: 10 }))
    expect((await spec(files)).document.maxLength).toBe(10)
    files.set('tokenizer_config.json', json({ model_max_length: 1e30 }))
    expect((await spec(files)).document.maxLength).toBe(16)
  })

  it.each(['bert.', 'model.', '0.auto_model.'])('may put %s before the names of its tensors', async (prefix) => {
    const renamed = Object.fromEntries(Object.entries(bertTensors()).map(([name, tensor]) => [prefix + name, tensor]))
    const { tensors } = await open(bertFiles().set('model.safetensors', safetensors(renamed)))
    expect(tensors.get('word')?.name).toBe(prefix + WORD)
    expect(tensors.size).toBe(21)
  })

  it('may have norms called gamma and beta, and tensors that are not used', async () => {
    const renamed = Object.fromEntries(
      Object.entries(bertTensors()).map(([name, tensor]) => [
        name.replace('LayerNorm.weight', 'LayerNorm.gamma').replace('LayerNorm.bias', 'LayerNorm.beta'),
        tensor,
      ]),
    )
    renamed['embeddings.position_ids'] = { dtype: 'I64', shape: [1, 2], bytes: new Uint8Array(16) }
    const { tensors } = await open(bertFiles().set('model.safetensors', safetensors(renamed)))
    expect(tensors.get('layer.0.feedforward.norm.beta')?.name).toBe('encoder.layer.0.output.LayerNorm.beta')
  })

  it('may be in shards', async () => {
    const all = Object.entries(bertTensors())
    const files = without(bertFiles(), 'model.safetensors')
    files.set('model-1.safetensors', safetensors(Object.fromEntries(all.slice(0, 9))))
    files.set('model-2.safetensors', safetensors(Object.fromEntries(all.slice(9))))
    const map = Object.fromEntries(all.map(([name], i) => [name, `model-${i < 9 ? 1 : 2}.safetensors`]))
    const index = (weight_map: unknown) => new Map(files).set('model.safetensors.index.json', json({ weight_map }))
    const { tensors, files: found } = await open(index(map))
    expect(tensors.size).toBe(21)
    expect(found.map(({ path }) => path)).toEqual(['model-1.safetensors', 'model-2.safetensors'])

    await expectError(index({ ...map, [WORD]: 'model-2.safetensors' }), 'MODEL_INVALID', /word_embeddings.*model-2/)
    await expectError(
      index({ ...map, extra: 'model-3.safetensors' }),
      'MODEL_INVALID',
      /model-3\.safetensors is missing/,
    )
    await expectError(index({ ...map, extra: '../x.safetensors' }), 'MODEL_INVALID', /no file of this folder/)
    await expectError(index({ ...map, extra: 7 }), 'MODEL_INVALID', /no file of this folder/)
    await expectError(index({}), 'MODEL_INVALID', /no weight_map/)
    await expectError(without(index(map), 'model-2.safetensors'), 'MODEL_INVALID', /model-2\.safetensors is missing/)
  })
})

describe('a configuration that is not supported, or impossible', () => {
  it.each<[Record<string, unknown>, string, RegExp]>([
    [{ model_type: 'deberta-v2' }, 'MODEL_UNSUPPORTED', /model_type "deberta-v2".*only bert, distilbert, roberta/],
    [{ model_type: 'xmod' }, 'MODEL_UNSUPPORTED', /"xmod".*an adapter for each language/],
    [{ model_type: 'llama', architectures: ['LlamaForCausalLM'] }, 'MODEL_UNSUPPORTED', /a decoder \("llama"\)/],
    [{ is_decoder: true }, 'MODEL_UNSUPPORTED', /decoder/],
    [
      { model_type: 'xlm-roberta', auto_map: { AutoModel: 'modeling.Model' } },
      'MODEL_UNSUPPORTED',
      /"xlm-roberta" with code of its own/,
    ],
    [{ model_type: 'distilbert', activation: 'relu' }, 'MODEL_UNSUPPORTED', /activation "relu".*only "gelu"/],
    [{ model_type: 'distilbert', dim: 8, n_heads: 3 }, 'MODEL_INVALID', /dim 8 is no multiple of n_heads 3/],
    [{ model_type: 'roberta', max_position_embeddings: 2 }, 'MODEL_INVALID', /leaves none after pad_token_id 1/],
    [{ model_type: 'modernbert', hidden_activation: 'silu' }, 'MODEL_UNSUPPORTED', /hidden_activation "silu"/],
    [{ model_type: 'modernbert', rope_scaling: { factor: 2 } }, 'MODEL_UNSUPPORTED', /rope_scaling/],
    [
      { model_type: 'modernbert', rope_parameters: { full_attention: { rope_type: 'yarn' } } },
      'MODEL_UNSUPPORTED',
      /rope_type "yarn".*only "default"/,
    ],
    [{ model_type: 'modernbert', rope_parameters: { rope_theta: 5 } }, 'MODEL_INVALID', /not those of each layer type/],
    [{ model_type: 'modernbert', layer_types: ['causal'] }, 'MODEL_UNSUPPORTED', /layer_types "causal"/],
    [{ model_type: 'modernbert', layer_types: [] }, 'MODEL_INVALID', /layer_types has 0 entries for 1 layers/],
    [{ model_type: 'modernbert', global_rope_theta: -1 }, 'MODEL_INVALID', /rope_theta of full_attention, -1/],
    [{ hidden_act: 'gelu_new' }, 'MODEL_UNSUPPORTED', /hidden_act "gelu_new".*only "gelu"/],
    [{ position_embedding_type: 'relative_key' }, 'MODEL_UNSUPPORTED', /relative_key.*only "absolute"/],
    [{ hidden_size: 2048, num_attention_heads: 16 }, 'MODEL_UNSUPPORTED', /above 1024/],
    [{ num_attention_heads: 8 }, 'MODEL_UNSUPPORTED', /width of a head, 1, is odd/],
    [{ num_attention_heads: 3 }, 'MODEL_INVALID', /no multiple/],
    [{ hidden_size: 0 }, 'MODEL_INVALID', /hidden_size 0/],
    [{ num_hidden_layers: -1 }, 'MODEL_INVALID', /num_hidden_layers -1/],
    [{ num_hidden_layers: 1e9 }, 'MODEL_UNSUPPORTED', /num_hidden_layers 1000000000/],
    [{ vocab_size: '12' }, 'MODEL_INVALID', /vocab_size "12"/],
    [{ layer_norm_eps: 'NaN' }, 'MODEL_INVALID', /layer_norm_eps/],
    [{ max_position_embeddings: 2 }, 'MODEL_INVALID', /may have 2 tokens, of which markers alone take 2/],
  ])('is refused: %o', (changes, code, message) => expectError(withConfig(changes), code, message))

  it('is refused when a file is missing or not what it should be', async () => {
    await expectError(without(bertFiles(), 'config.json'), 'MODEL_INVALID', /no config\.json/)
    await expectError(bertFiles().set('config.json', utf8('{')), 'MODEL_INVALID', /config\.json is not valid JSON/)
    await expectError(bertFiles().set('config.json', utf8('[]')), 'MODEL_INVALID', /config\.json is not a JSON object/)
    await expectError(bertFiles().set('modules.json', utf8('null')), 'MODEL_INVALID', /modules\.json holds nothing/)
    await expectError(without(bertFiles(), 'vocab.txt'), 'MODEL_INVALID', /no tokenizer/)
    await expectError(without(bertFiles(), 'model.safetensors'), 'MODEL_INVALID', /no weights/)
    await expectError(new Map([['model.gguf', utf8('x')]]), 'MODEL_UNSUPPORTED', /only as model\.gguf/)
    for (const other of ['pytorch_model.bin', 'onnx/model.onnx', 'onnx/model_quantized.onnx', 'model.gguf']) {
      const files = without(bertFiles(), 'model.safetensors').set(other, utf8('x'))
      await expectError(files, 'MODEL_UNSUPPORTED', new RegExp(`only as ${other}`))
    }
    await expectError(
      bertFiles().set(
        'tokenizer_config.json',
        json({
          tokenizer_class: 'BertJapaneseTokenizer',
          word_tokenizer_type: 'mecab',
          mecab_kwargs: { mecab_dic: 'unidic_lite' },
        }),
      ),
      'MODEL_UNSUPPORTED',
      /MeCab/,
    )
    await expectError(
      bertFiles().set('tokenizer_config.json', json({ tokenizer_class: 'XLMRobertaTokenizer' })),
      'MODEL_UNSUPPORTED',
      /XLMRoberta/,
    )
    await expectError(bertFiles().set('vocab.txt', utf8('[UNK]\na')), 'MODEL_INVALID', /lacks its cls_token/)
  })
})

describe('weights that disagree with the configuration', () => {
  it.each<[string, (tensors: Record<string, TensorInput>) => void, string, RegExp]>([
    [
      'a missing tensor',
      (t) => delete t['encoder.layer.0.output.dense.bias'],
      'MODEL_INVALID',
      /no tensor encoder\.layer\.0\.output\.dense\.bias/,
    ],
    [
      'no encoder at all',
      (t) => {
        for (const name of Object.keys(t)) delete t[name]
      },
      'MODEL_INVALID',
      /no tensor embeddings\.word/,
    ],
    [
      'another shape',
      (t) => {
        t[WORD] = floats([12, 4])
      },
      'MODEL_INVALID',
      /model\.safetensors: tensor .*word_embeddings.* \[12,4\].*config\.json says \[12,8\]/,
    ],
    [
      'another rank',
      (t) => {
        t['embeddings.LayerNorm.bias'] = floats([8, 1])
      },
      'MODEL_INVALID',
      /\[8,1\].*\[8\]/,
    ],
    [
      'another number of words',
      (t) => {
        t[WORD] = floats([11, 8])
      },
      'MODEL_INVALID',
      /\[11,8\].*\[12,8\]/,
    ],
    [
      'a number format that nobody reads',
      (t) => {
        t[WORD] = { dtype: 'F64', shape: [12, 8], bytes: new Uint8Array(768) }
      },
      'MODEL_UNSUPPORTED',
      /word_embeddings.weight is F64/,
    ],
    [
      'I8 without scales',
      (t) => {
        t[WORD] = { dtype: 'I8', shape: [12, 8], bytes: new Uint8Array(96) }
      },
      'MODEL_INVALID',
      /no scales/,
    ],
    [
      'I8 with too few scales',
      (t) => {
        t[WORD] = { dtype: 'I8', shape: [12, 8], bytes: new Uint8Array(96) }
        t[`${WORD}.scale`] = floats([11])
      },
      'MODEL_INVALID',
      /\[11\].*12 rows/,
    ],
    [
      'I8 around a zero point',
      (t) => {
        t[WORD] = { dtype: 'I8', shape: [12, 8], bytes: new Uint8Array(96) }
        t[`${WORD}_zero_point`] = floats([12])
      },
      'MODEL_UNSUPPORTED',
      /zero point/,
    ],
    [
      'an I8 bias',
      (t) => {
        t['embeddings.LayerNorm.bias'] = { dtype: 'I8', shape: [8], bytes: new Uint8Array(8) }
      },
      'MODEL_UNSUPPORTED',
      /not a matrix/,
    ],
  ])('are refused: %s', (_, change, code, message) => expectError(withTensors(change), code, message))

  it('are refused when the tokenizer has more words', () =>
    expectError(
      bertFiles().set('vocab.txt', utf8(`${new TextDecoder().decode(bertFiles().get('vocab.txt'))}\nmore`)),
      'MODEL_INVALID',
      /ids up to 12, but config\.json says vocab_size 12/,
    ))
})

describe('a Stanford ColBERT', () => {
  it('follows artifact.metadata', async () => {
    const files = stanfordFiles({
      query_token_id: '[unused1]',
      doc_token_id: '[unused0]',
      query_maxlen: 8,
      doc_maxlen: 12,
      dim: 4,
      attend_to_mask_tokens: true,
      mask_punctuation: false,
    })
    expect(await spec(files)).toMatchObject({
      style: 'stanford',
      dim: 4,
      projections: [{ inputs: 8, outputs: 4, activation: 'identity', bias: false, residual: 'none' }],
      query: {
        maxLength: 8,
        prompt: '',
        marker: 6,
        expansion: { token: 4, strategy: 'fixed', length: 8, attend: true },
        skip: [],
      },
      document: { maxLength: 12, prompt: '', marker: 5, expansion: null, skip: [] },
    })
  })

  it('has the defaults of ColBERT for what is not said', async () => {
    const files = stanfordFiles().set(
      'config.json',
      json({ ...CONFIG, architectures: ['HF_ColBERT'], max_position_embeddings: 40 }),
    )
    files.set(
      'model.safetensors',
      safetensors({
        ...bertTensors(),
        'embeddings.position_embeddings.weight': floats([40, 8]),
        'linear.weight': floats([4, 8]),
      }),
    )
    files.delete('artifact.metadata')
    const { query, document } = await spec(files)
    expect([query.marker, query.maxLength, query.expansion?.attend]).toEqual([5, 32, false])
    // Of the punctuation the vocabulary has these two.
    expect([document.marker, document.maxLength, document.skip]).toEqual([6, 40, [10, 9]])
  })

  it('is refused when metadata and weights disagree, or scores are not cosines', async () => {
    await expectError(
      stanfordFiles({ query_maxlen: 8, dim: 5 }),
      'MODEL_INVALID',
      /artifact\.metadata says dim 5, but linear\.weight gives 4/,
    )
    await expectError(
      stanfordFiles({ query_maxlen: 17 }),
      'MODEL_INVALID',
      /17 tokens is above max_position_embeddings 16/,
    )
    await expectError(stanfordFiles({ query_token_id: 1 }), 'MODEL_INVALID', /query_token_id 1 is not a text/)
    await expectError(stanfordFiles({ query_maxlen: 8, similarity: 'l2' }), 'MODEL_UNSUPPORTED', /similarity "l2"/)
    await expectError(
      stanfordFiles().set('model.safetensors', safetensors(bertTensors())),
      'MODEL_UNSUPPORTED',
      /a ColBERT without its projection: there is no linear\.weight/,
    )
  })
})

describe('a PyLate checkpoint', () => {
  it('has the defaults of PyLate', async () => {
    const { style, query, document, dim } = await spec(pylateFiles())
    expect([style, dim]).toEqual(['sentence-transformers', 4])
    expect(query.expansion).toEqual({ token: 4, strategy: 'fixed', length: 8, attend: false })
    expect([document.maxLength, document.skip]).toEqual([12, [10, 9]])
  })

  it('keeps a marker whole that its tokenizer would take apart', async () => {
    const checkpoint = await open(pylateFiles({ query_prefix: '[unused0]', document_prefix: '[unused1] ' }))
    expect([checkpoint.spec.query.marker, checkpoint.spec.document.marker]).toEqual([5, 6])
    const tokenizer = new Tokenizer(checkpoint.tokenizer)
    expect(tokenizer.tokenize('a [unused1]b').ids).toEqual([7, 6, 8])
  })

  it('puts a prefix that is no token before the text', async () => {
    const { query, document } = await spec(
      pylateFiles({ query_prefix: 'q: ', prompts: { query: 'q: find ', document: 'doc ' }, document_prefix: null }),
    )
    expect([query.marker, query.prompt]).toEqual([null, 'q: find '])
    expect([document.marker, document.prompt]).toEqual([null, 'doc '])
  })

  it('may not expand', async () => {
    const { query } = await spec(pylateFiles({ do_query_expansion: false, query_length: 9 }))
    expect([query.expansion, query.maxLength]).toEqual([null, 9])
  })

  it('drops rows by single tokens only', async () => {
    const { document } = await spec(pylateFiles({ skiplist_words: ['.', 'nowhere', 'a', 7, '[UNK]'] }))
    expect(document.skip).toEqual([9, 7, 1])
  })

  it('reads projections as they are described', async () => {
    const files = pylateFiles(
      {},
      { bias: true, use_residual: true, activation_function: 'torch.nn.modules.activation.Tanh' },
    )
    files.set(
      '1_Dense/model.safetensors',
      safetensors({ 'linear.weight': floats([4, 8]), 'linear.bias': floats([4]), 'residual.weight': floats([4, 8]) }),
    )
    const checkpoint = await open(files)
    expect(checkpoint.spec.projections).toEqual([
      { inputs: 8, outputs: 4, activation: 'tanh', bias: true, residual: 'linear' },
    ])
    expect([...checkpoint.tensors.keys()].slice(-3)).toEqual([
      'projection.0.weight',
      'projection.0.bias',
      'projection.0.residual',
    ])
    // Classes of others than torch count as Tanh, as in sentence-transformers.
    const other = await spec(pylateFiles({}, { activation_function: 'mine.Swish' }))
    expect(other.projections[0].activation).toBe('tanh')
  })

  it.each<[Record<string, unknown>, Record<string, unknown>, string, RegExp]>([
    [{}, { in_features: 6 }, 'MODEL_INVALID', /1_Dense\/config\.json: in_features is 6, but 8 come in/],
    [
      {},
      { out_features: 5 },
      'MODEL_INVALID',
      /1_Dense\/model\.safetensors.*\[4,8\].*1_Dense\/config\.json says \[5,8\]/,
    ],
    [{}, { out_features: null }, 'MODEL_INVALID', /lacks in_features or out_features/],
    [{}, { bias: true }, 'MODEL_INVALID', /no tensor linear\.bias/],
    [
      {},
      { activation_function: 'torch.nn.modules.activation.Softmax' },
      'MODEL_UNSUPPORTED',
      /Softmax.*Identity, GELU/,
    ],
    [{}, { module_input_name: 'pixels' }, 'MODEL_UNSUPPORTED', /module_input_name "pixels"/],
    [{ model_type: 'SparseEncoder' }, {}, 'MODEL_UNSUPPORTED', /SparseEncoder/],
    [{ similarity_fn_name: 'meanmaxsim' }, {}, 'MODEL_UNSUPPORTED', /meanmaxsim/],
    [{ query_expansion: { strategy: 'other', length: 8 } }, {}, 'MODEL_INVALID', /query_expansion/],
    [
      { query_expansion: { strategy: 'fixed', length: 8, token: 'nowhere' } },
      {},
      'MODEL_INVALID',
      /"nowhere", which the tokenizer lacks/,
    ],
    [
      { query_expansion: { strategy: 'min', length: 8 }, query_length: 6 },
      {},
      'MODEL_INVALID',
      /query_length 6 is below/,
    ],
    [{ skiplist_words: '.,' }, {}, 'MODEL_INVALID', /skiplist_words is not a list/],
    [{ query_length: '8' }, {}, 'MODEL_INVALID', /query_length "8" is not a positive whole number/],
    [{ query_prefix: { a: 1 } }, {}, 'MODEL_INVALID', /query_prefix {"a":1} is not a text/],
    [{ document_length: 2, query_prefix: '' }, {}, 'MODEL_INVALID', /a document may have 2 tokens/],
  ])('is refused: %o %o', (top, dense, code, message) => expectError(pylateFiles(top, dense), code, message))

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['sentence_bert_config', { config_args: { num_hidden_layers: 1 } }, /config_args \(num_hidden_layers\)/],
    ['sentence_bert_config', { tokenizer_args: { do_lower_case: false } }, /tokenizer_args \(do_lower_case\)/],
    ['sentence_bert_config', { processing_kwargs: { text: { max_length: 4 } } }, /processing_kwargs\.text/],
    ['tokenizer_config', { truncation_side: 'left' }, /truncation_side "left"/],
    ['tokenizer_config', { split_special_tokens: true }, /split_special_tokens/],
    ['tokenizer_config', { padding_side: 'left' }, /pads at the left/],
  ])('is refused for what its %s changes: %o', (name, config, message) =>
    expectError(pylateFiles().set(`${name}.json`, json(config)), 'MODEL_UNSUPPORTED', message),
  )

  it('may have added tokens in a file of their own', async () => {
    const config = { ...CONFIG, vocab_size: 14 }
    const tensors = { ...bertTensors(), 'embeddings.word_embeddings.weight': floats([14, CONFIG.hidden_size]) }
    const checkpoint = await open(
      pylateFiles({ query_prefix: '[Q]', document_prefix: '' })
        .set('config.json', json(config))
        .set('model.safetensors', safetensors(tensors))
        .set('added_tokens.json', json({ '[Q]': 12, 'A b': 13 }))
        .set('special_tokens_map.json', json({ additional_special_tokens: ['[Q]'] })),
    )
    expect(checkpoint.spec.query.marker).toBe(12)
    // Those that are not special are found in the normalised text.
    expect(new Tokenizer(checkpoint.tokenizer).tokenize('a b [Q][q]').ids).toEqual([13, 12, 1, 1, 1])
  })

  it('may be padded at the left where nothing is padded', async () => {
    const files = pylateFiles({ do_query_expansion: false })
    const { query } = await spec(files.set('tokenizer_config.json', json({ padding_side: 'left' })))
    expect(query.expansion).toBeNull()
  })

  it('may have its length in a file that is named after the family', async () => {
    const files = pylateFiles({ document_length: null })
      .set('config.json', json({ ...CONFIG, model_type: 'xlm-roberta', pad_token_id: 0, vocab_size: 13 }))
      .set('tokenizer_config.json', json({ tokenizer_class: 'BertTokenizer' }))
      .set(
        'model.safetensors',
        safetensors({ ...bertTensors(), 'embeddings.word_embeddings.weight': floats([13, CONFIG.hidden_size]) }),
      )
      .set('sentence_xlm-roberta_config.json', json({ max_seq_length: 7 }))
    expect((await spec(files)).document.maxLength).toBe(7)
  })

  it.each<[string, unknown, string, RegExp]>([
    ['no list', {}, 'MODEL_INVALID', /not a list of modules/],
    ['a module without a type', [{ path: '' }], 'MODEL_INVALID', /lacks its type or path/],
    [
      'a path out of the folder',
      [{ type: 'sentence_transformers.Transformer', path: '../other' }],
      'MODEL_INVALID',
      /leads out of the folder/,
    ],
    ['another first module', [{ type: 'sentence_transformers.CLIPModel', path: '' }], 'MODEL_UNSUPPORTED', /CLIPModel/],
    [
      'token pooling',
      [
        { type: 'sentence_transformers.Transformer', path: '' },
        { type: 'sentence_transformers.HierarchicalTokenPooling', path: '1' },
      ],
      'MODEL_UNSUPPORTED',
      /HierarchicalTokenPooling/,
    ],
    [
      'too many',
      Array(65).fill({ type: 'sentence_transformers.Dense', path: '' }),
      'MODEL_UNSUPPORTED',
      /more than 64/,
    ],
    [
      'a class of its own',
      [{ type: 'custom_st.Transformer', path: '' }],
      'MODEL_UNSUPPORTED',
      /custom_st\.Transformer/,
    ],
  ])('is refused for modules.json with %s', (_, modules, code, message) =>
    expectError(pylateFiles().set('modules.json', json(modules)), code, message),
  )
})

describe('a MultiVectorEncoder', () => {
  const native = (kinds: string[], configs: Record<string, unknown> = {}, top: Record<string, unknown> = {}) => {
    const files = pylateFiles({ model_type: 'MultiVectorEncoder', ...top })
    files.set(
      'modules.json',
      json(kinds.map((kind, i) => ({ type: `sentence_transformers.${kind}`, path: i === 0 ? '' : `${i}_${kind}` }))),
    )
    for (const [path, config] of Object.entries(configs)) files.set(path, json(config))
    return files
  }
  const normalize = { module_input_name: 'token_embeddings' }
  const all = ['Transformer', 'Dense', 'MultiVectorMask', 'Normalize']

  it('says everything in its modules', async () => {
    const files = native(
      all,
      {
        'sentence_bert_config.json': {
          query_length: 10,
          document_length: 14,
          query_expansion: { strategy: 'min', length: 6, attend: true, token: 'b' },
        },
        '2_MultiVectorMask/config.json': { skiplist_words: ['.'], skiplist_tasks: ['query', 'document'] },
        '3_Normalize/config.json': normalize,
      },
      { prompts: { query: '[MASK] a', document: '' } },
    )
    const { query, document } = await spec(files)
    expect(query).toEqual({
      maxLength: 10,
      marker: 4,
      prompt: ' a',
      skip: [9],
      expansion: { strategy: 'min', length: 6, attend: true, token: 8 },
    })
    expect(document).toEqual({ maxLength: 14, marker: null, prompt: '', skip: [9], expansion: null })
  })

  it('without a MultiVectorMask scores no expansion', async () => {
    const files = native(['Transformer', 'Dense', 'Normalize'], { '2_Normalize/config.json': normalize })
    const { query, document } = await spec(files)
    expect([query.expansion, query.maxLength, document.skip]).toEqual([null, 8, []])
  })

  it('is refused when its vectors are not normalised, or images are its documents', async () => {
    await expectError(native(['Transformer', 'Dense', 'MultiVectorMask']), 'MODEL_UNSUPPORTED', /not normalised/)
    const files = native(all, {
      '2_MultiVectorMask/config.json': { keep_only_token_ids: [3] },
      '3_Normalize/config.json': normalize,
    })
    await expectError(files, 'MODEL_UNSUPPORTED', /keep_only_token_ids/)
  })
})

describe('a SentenceTransformer with pooling', () => {
  const pooled = (pooling: unknown, top: Record<string, unknown> = {}, kinds = ['Pooling', 'Normalize']) =>
    bertFiles()
      .set(
        'modules.json',
        json(
          ['Transformer', ...kinds].map((kind, i) => ({
            type: `sentence_transformers.models.${kind}`,
            path: i === 0 ? '' : `${i}_${kind}`,
          })),
        ),
      )
      .set('1_Pooling/config.json', json(pooling))
      .set('config_sentence_transformers.json', json(top))
      .set('sentence_bert_config.json', json({ max_seq_length: 9, do_lower_case: false }))
  const rules = { maxLength: 9, prompt: '', marker: null, expansion: null, skip: [] }

  it('has one vector a text, with its prompts and its length', async () => {
    const found = await spec(pooled({ pooling_mode: 'cls' }, { prompts: { query: 'a: ', document: 'b: ' } }))
    expect(found).toMatchObject({
      style: 'sentence-transformers',
      pooling: 'cls',
      dim: 8,
      projections: [],
      query: { ...rules, prompt: 'a: ', pooled: true },
      document: { ...rules, prompt: 'b: ', pooled: true },
    })
    expect(found.unnormalized).toBeUndefined()
    // `encode_query` and `encode_document` come to no other prompts than their own.
    const usual = await spec(pooled({}, { prompts: { passage: 'b: ', x: 'c: ' }, default_prompt_name: 'x' }))
    expect([usual.pooling, usual.query.prompt, usual.document.prompt]).toEqual(['mean', '', ''])
  })

  it('says how in the words of several versions', async () => {
    const pooling = async (config: unknown) => (await spec(pooled(config))).pooling
    expect(await pooling({ pooling_mode_cls_token: true, pooling_mode_mean_tokens: false })).toBe('cls')
    expect(await pooling({ pooling_mode_cls_token: false, pooling_mode_mean_tokens: true })).toBe('mean')
    expect(await pooling({ pooling_mode: ['mean'] })).toBe('mean')
    for (const [config, message] of [
      [{ pooling_mode: 'lasttoken' }, /pooling by lasttoken/],
      [{ pooling_mode_cls_token: true, pooling_mode_mean_tokens: true }, /pooling by cls \+ mean/],
      [{ pooling_mode_max_tokens: true }, /pooling by max/],
      [{ pooling_mode: 'mean', include_prompt: false }, /include_prompt/],
    ] as const)
      await expectError(pooled(config), 'MODEL_UNSUPPORTED', message)
  })

  it('is compared by cosine or by dot product', async () => {
    const unnormalized = async (top: Record<string, unknown>, kinds?: string[]) =>
      (await spec(pooled({}, top, kinds))).unnormalized
    expect(await unnormalized({ similarity_fn_name: 'dot' }, ['Pooling'])).toBe(true)
    expect(await unnormalized({ similarity_fn_name: 'dot' })).toBeUndefined()
    expect(await unnormalized({ similarity_fn_name: 'cosine' }, ['Pooling'])).toBeUndefined()
    expect(await unnormalized({}, ['Pooling'])).toBeUndefined()
    await expectError(pooled({}, { similarity_fn_name: 'euclidean' }), 'MODEL_UNSUPPORTED', /"euclidean".*"dot"/)
  })

  it('can be asked for its token vectors, or for others', async () => {
    const ask = async (files: Files, pooling: 'none' | 'cls' | 'mean') =>
      (await openCheckpoint(memorySource(files).source, { pooling })).spec
    const tokens = await ask(pooled({}, { similarity_fn_name: 'dot' }), 'none')
    expect(tokens).toMatchObject({ style: 'bert', query: rules })
    expect([tokens.pooling, tokens.unnormalized, tokens.query.pooled]).toEqual([undefined, undefined, undefined])
    expect((await ask(pooled({}), 'cls')).pooling).toBe('cls')
    expect(await ask(bertFiles(), 'mean')).toMatchObject({ style: 'bert', pooling: 'mean', unnormalized: true })
    for (const files of [pylateFiles(), stanfordFiles()]) {
      expect((await ask(files, 'none')).pooling).toBeUndefined()
      await expect(ask(files, 'mean')).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(/`pooling` is "mean".*token vectors/),
      })
    }
  })

  it('may not have a Dense before the pooling', async () => {
    const files = pooled({}, {}, ['Dense', 'Pooling']).set(
      '1_Dense/config.json',
      json({ in_features: 8, out_features: 4 }),
    )
    await expectError(files, 'MODEL_UNSUPPORTED', /a Dense before Pooling/)
  })

  it('may not have a Dense that leaves its vector alone, or a vector that is cut', async () => {
    const dense = { in_features: 8, out_features: 4, module_input_name: 'token_embeddings' }
    const files = pooled({}, {}, ['Pooling', 'Dense']).set('2_Dense/config.json', json(dense))
    await expectError(files, 'MODEL_UNSUPPORTED', /2_Dense.*"token_embeddings"/)
    await expectError(pooled({}, { truncate_dim: 4 }), 'MODEL_UNSUPPORTED', /truncate_dim/)
  })

  it('may have its encoder in a folder', async () => {
    const files: Files = new Map([...bertFiles()].map(([path, bytes]) => [`0_Transformer/${path}`, bytes]))
    files.set('modules.json', json([{ type: 'sentence_transformers.models.Transformer', path: '0_Transformer' }]))
    expect((await open(files)).files[0].path).toBe('0_Transformer/model.safetensors')
  })
})

describe('a reranker', () => {
  const reranker = (config: Record<string, unknown> = {}, top?: Record<string, unknown>) => {
    const head = { 'pooler.dense.weight': floats([8, 8]), 'pooler.dense.bias': floats([8]) }
    const output = { 'classifier.weight': floats([1, 8]), 'classifier.bias': floats([1]) }
    const tensors = Object.entries({ ...bertTensors(), ...head }).map(([name, tensor]) => [`bert.${name}`, tensor])
    const own = { ...CONFIG, architectures: ['BertForSequenceClassification'], id2label: { 0: 'LABEL_0' }, ...config }
    const files = bertFiles()
      .set('config.json', json(own))
      .set('model.safetensors', safetensors({ ...Object.fromEntries(tensors), ...output }))
    return top ? files.set('config_sentence_transformers.json', json(top)) : files
  }
  const rerank = (files: Files) => openCheckpoint(memorySource(files).source, { reranker: rerankerStyle })

  it('takes pairs and gives one number', async () => {
    const { spec, tensors } = await rerank(reranker())
    expect(spec).toMatchObject({
      dim: 1,
      pooling: 'cls',
      unnormalized: true,
      pair: { activation: 'sigmoid', maxLength: 16 },
      projections: [
        { inputs: 8, outputs: 8, activation: 'tanh', bias: true },
        { inputs: 8, outputs: 1, activation: 'identity', bias: true },
      ],
    })
    expect(tensors.get('projection.0.weight')?.name).toBe('bert.pooler.dense.weight')
    expect(tensors.get('projection.1.bias')?.name).toBe('classifier.bias')
  })

  it('says what makes a score of it', async () => {
    const activation = async (...given: Parameters<typeof reranker>) =>
      (await rerank(reranker(...given))).spec.pair?.activation
    const identity = 'torch.nn.modules.linear.Identity'
    expect(await activation({ sentence_transformers: { activation_fn: identity } })).toBe('identity')
    expect(await activation({ sbert_ce_default_activation_function: identity })).toBe('identity')
    expect(await activation({}, { activation_fn: identity })).toBe('identity')
    expect(await activation({}, { activation_fn: 'elsewhere.Identity' })).toBe('sigmoid')
    await expect(rerank(reranker({}, { activation_fn: 'torch.nn.modules.activation.Tanh' }))).rejects.toMatchObject({
      code: 'MODEL_UNSUPPORTED',
      message: expect.stringMatching(/activation_fn Tanh/),
    })
  })

  it('of the ModernBERT family has a head that its configuration describes', async () => {
    const { files } = await loadReranker('reranker-modernbert')
    const { spec, tensors } = await rerank(files)
    expect(spec).toMatchObject({ pooling: 'mean', projections: [{ norm: true, bias: false }, { bias: true }] })
    expect([tensors.has('projection.0.norm.gamma'), tensors.has('projection.0.norm.beta')]).toEqual([true, false])
    const config = JSON.parse(new TextDecoder().decode(files.get('config.json')))
    for (const [own, message] of [
      [{ classifier_activation: 'relu' }, /classifier_activation "relu"/],
      [{ classifier_pooling: 'max' }, /classifier_pooling "max"/],
    ] as const) {
      await expect(rerank(files.set('config.json', json({ ...config, ...own })))).rejects.toMatchObject({
        code: 'MODEL_UNSUPPORTED',
        message: expect.stringMatching(message),
      })
    }
  })

  it('has a type for each text that its tokenizer tells apart', async () => {
    const files = reranker({ type_vocab_size: 1 })
    await expect(rerank(files)).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringMatching(/gives type 1, but type_vocab_size is 1/),
    })
  })

  it('and a retrieval model are not taken for each other', async () => {
    await expectError(reranker(), 'MODEL_UNSUPPORTED', /a reranker \(BertForSequenceClassification\) has no vectors/)
    for (const [files, message] of [
      [bertFiles(), /test is no reranker: config\.json names BertModel/],
      [reranker({ id2label: { 0: 'a', 1: 'b', 2: 'c' } }), /gives 3 numbers for a pair/],
    ] as const) {
      await expect(rerank(files)).rejects.toMatchObject({
        code: 'MODEL_UNSUPPORTED',
        message: expect.stringMatching(message),
      })
    }
  })
})

describe('another length of queries', () => {
  const length = (files: Files, queryLength: QueryLength) =>
    openCheckpoint(memorySource(files).source, { queryLength }).then(({ spec }) => spec.query)

  it('takes the place of the checkpoint’s', async () => {
    const expansion = { token: 4, length: 8, attend: false }
    expect(await length(stanfordFiles(), 'dynamic')).toMatchObject({
      maxLength: 8,
      expansion: { ...expansion, strategy: 'dynamic' },
    })
    expect(await length(stanfordFiles(), 'min')).toMatchObject({
      maxLength: 16,
      expansion: { ...expansion, strategy: 'min' },
    })
    expect(await length(pylateFiles(), 'rerankers-16')).toMatchObject({ expansion: { strategy: 'rerankers-16' } })
  })

  it('does not make another model of it', async () => {
    const hashes = new Map([['model.safetensors', '1']])
    const own = await fingerprint(await open(stanfordFiles()), hashes)
    const other = await openCheckpoint(memorySource(stanfordFiles()).source, { queryLength: 'dynamic' })
    expect(await fingerprint(other, hashes)).toBe(own)
  })

  it('may be named by the checkpoint itself', async () => {
    const { query } = await spec(pylateFiles({ query_expansion: { strategy: 'dynamic', length: 8 } }))
    expect([query.maxLength, query.expansion?.strategy]).toEqual([8, 'dynamic'])
  })

  it('is refused where queries are not expanded', async () => {
    await expect(length(bertFiles(), 'dynamic')).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/queryLength.*not expanded/),
    })
  })
})
