import { describe, expect, it } from 'vitest'
import { readEncoder } from '../../src/model/config.ts'
import { positionsOf } from '../../src/model/positions.ts'
import { encoderTensors } from '../../src/model/tensors.ts'

describe('the encoder of a config.json', () => {
  it('has the defaults of its family', () => {
    const common = { hidden: 768, heads: 12, activation: 'gelu' }
    expect(readEncoder({})).toEqual({
      ...common,
      family: 'bert',
      layers: 12,
      intermediate: 3072,
      vocabulary: 30522,
      positions: 512,
      types: 2,
      epsilon: 1e-12,
    })
    expect(readEncoder({ model_type: 'distilbert', layer_norm_eps: 1 })).toEqual({
      ...common,
      family: 'distilbert',
      layers: 6,
      intermediate: 3072,
      vocabulary: 30522,
      positions: 512,
      types: 0,
      epsilon: 1e-12,
    })
    for (const model_type of ['roberta', 'xlm-roberta', 'camembert']) {
      expect(readEncoder({ model_type, max_position_embeddings: 514, type_vocab_size: 1, vocab_size: 9 })).toEqual({
        ...common,
        family: 'roberta',
        layers: 12,
        intermediate: 3072,
        vocabulary: 9,
        positions: 512,
        types: 1,
        epsilon: 1e-12,
        padding: 1,
      })
    }
    const { attention, ...modern } = readEncoder({ model_type: 'modernbert' })
    expect(modern).toEqual({
      ...common,
      family: 'modernbert',
      layers: 22,
      intermediate: 1152,
      vocabulary: 50368,
      positions: 8192,
      types: 0,
      epsilon: 1e-5,
    })
    expect(attention?.map(({ window }) => window ?? 0).slice(0, 4)).toEqual([0, 64, 64, 0])
    expect(attention?.slice(0, 2).map(({ theta }) => theta)).toEqual([160_000, 10_000])
  })

  it('reads the layers of ModernBERT as transformers 5 writes them, and as it was before', () => {
    const of = (config: Record<string, unknown>) =>
      readEncoder({ model_type: 'modernbert', num_hidden_layers: 4, local_attention: 20, ...config }).attention
    const global = { theta: 5_000 }
    const local = { theta: 70, window: 10 }
    expect(of({ global_attn_every_n_layers: 2, global_rope_theta: 5_000, local_rope_theta: 70 })).toEqual([
      global,
      local,
      global,
      local,
    ])
    const parameters = {
      full_attention: { rope_type: 'default', rope_theta: 5_000 },
      sliding_attention: { rope_type: 'default', rope_theta: 70 },
    }
    const types = ['sliding_attention', 'sliding_attention', 'full_attention', 'full_attention']
    expect(of({ layer_types: types, rope_parameters: parameters })).toEqual([local, local, global, global])
    // Null is the global one.
    expect(of({ global_attn_every_n_layers: 4, global_rope_theta: 5_000, local_rope_theta: null })?.[1]).toEqual({
      theta: 5_000,
      window: 10,
    })
  })

  it('says which tensors there are', () => {
    const roles = (config: Record<string, unknown>, stored: string[] = []) =>
      encoderTensors(readEncoder(config), (name) => stored.includes(name)).map(({ role }) => role)
    const modern = { model_type: 'modernbert', num_hidden_layers: 2 }
    expect(roles(modern)).not.toContain('position')
    expect(roles(modern)).not.toContain('layer.1.up.bias')
    expect(roles(modern, ['layers.1.mlp.Wi.bias'])).toContain('layer.1.gate.bias')
    const wanted = encoderTensors(readEncoder(modern), () => false)
    const named = (role: string) => wanted.find((each) => each.role === role)
    expect(named('layer.1.key.weight')).toMatchObject({ names: ['layers.1.attn.Wqkv.weight'], part: [1, 3] })
    expect(named('layer.0.feedforward.norm.gamma')?.names[0]).toBe('layers.1.attn_norm.weight')
    expect(named('layer.1.feedforward.norm.gamma')?.names[0]).toBe('final_norm.weight')
    expect(roles({ model_type: 'distilbert' })).not.toContain('type')
    const roberta = encoderTensors(readEncoder({ model_type: 'roberta', max_position_embeddings: 514 }), () => true)
    expect(roberta.find(({ role }) => role === 'position')?.shape).toEqual([514, 768])
  })
})

it('RoBERTa counts positions of what is not padding', () => {
  expect([...positionsOf({}, Uint32Array.of(7, 1, 7))]).toEqual([0, 1, 2])
  expect([...positionsOf({ padding: 1 }, Uint32Array.of(0, 7, 1, 7, 2))]).toEqual([2, 3, 1, 4, 5])
})
