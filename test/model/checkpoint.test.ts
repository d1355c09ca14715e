import { describe, expect, it } from 'vitest'
import { openCheckpoint } from '../../src/model/checkpoint.ts'
import { Tokenizer } from '../../src/text/tokenizer.ts'
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
    [{ model_type: 'modernbert' }, 'MODEL_UNSUPPORTED', /model_type "modernbert".*only "bert"/],
    [{ model_type: 'roberta' }, 'MODEL_UNSUPPORTED', /roberta/],
    [{ model_type: 'distilbert' }, 'MODEL_UNSUPPORTED', /distilbert/],
    [{ is_decoder: true }, 'MODEL_UNSUPPORTED', /decoder/],
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
    await expectError(without(bertFiles(), 'vocab.txt'), 'MODEL_INVALID', /no tokenizer/)
    await expectError(without(bertFiles(), 'model.safetensors'), 'MODEL_INVALID', /no weights/)
    for (const other of ['pytorch_model.bin', 'onnx/model.onnx', 'model.gguf']) {
      const files = without(bertFiles(), 'model.safetensors').set(other, utf8('x'))
      await expectError(files, 'MODEL_UNSUPPORTED', new RegExp(`only as ${other}`))
    }
    await expectError(
      bertFiles().set('tokenizer_config.json', json({ tokenizer_class: 'BertJapaneseTokenizer' })),
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
    await expectError(stanfordFiles({ query_maxlen: 8, similarity: 'l2' }), 'MODEL_UNSUPPORTED', /similarity "l2"/)
    await expectError(
      stanfordFiles().set('model.safetensors', safetensors(bertTensors())),
      'MODEL_INVALID',
      /no tensor linear\.weight/,
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
    [{ document_length: 2, query_prefix: '' }, {}, 'MODEL_INVALID', /a document may have 2 tokens/],
  ])('is refused: %o %o', (top, dense, code, message) => expectError(pylateFiles(top, dense), code, message))

  it.each<[string, unknown, string, RegExp]>([
    ['no list', {}, 'MODEL_INVALID', /not a list of modules/],
    ['a module without a type', [{ path: '' }], 'MODEL_INVALID', /lacks its type or path/],
    [
      'a path out of the folder',
      [{ type: 'x.Transformer', path: '../other' }],
      'MODEL_INVALID',
      /leads out of the folder/,
    ],
    ['another first module', [{ type: 'x.CLIPModel', path: '' }], 'MODEL_UNSUPPORTED', /CLIPModel/],
    [
      'token pooling',
      [
        { type: 'x.Transformer', path: '' },
        { type: 'x.HierarchicalTokenPooling', path: '1' },
      ],
      'MODEL_UNSUPPORTED',
      /HierarchicalTokenPooling/,
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
      json(kinds.map((kind, i) => ({ type: `st.${kind}`, path: i === 0 ? '' : `${i}_${kind}` }))),
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
  it('is a plain BERT, with its prompts and its length', async () => {
    const files = bertFiles()
      .set(
        'modules.json',
        json([
          { type: 'sentence_transformers.models.Transformer', path: '' },
          { type: 'sentence_transformers.models.Pooling', path: '1_Pooling' },
          { type: 'sentence_transformers.models.Normalize', path: '2_Normalize' },
        ]),
      )
      .set('config_sentence_transformers.json', json({ prompts: { query: 'a: ' } }))
      .set('sentence_bert_config.json', json({ max_seq_length: 9, do_lower_case: false }))
    expect(await spec(files)).toMatchObject({
      style: 'bert',
      dim: 8,
      projections: [],
      query: { maxLength: 9, prompt: 'a: ', marker: null, expansion: null, skip: [] },
      document: { maxLength: 9, prompt: '', marker: null, expansion: null, skip: [] },
    })
  })

  it('may have its encoder in a folder', async () => {
    const files: Files = new Map([...bertFiles()].map(([path, bytes]) => [`0_Transformer/${path}`, bytes]))
    files.set('modules.json', json([{ type: 'sentence_transformers.models.Transformer', path: '0_Transformer' }]))
    expect((await open(files)).files[0].path).toBe('0_Transformer/model.safetensors')
  })
})
