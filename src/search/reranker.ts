import type { EncoderInput } from '../model/encoder.ts'
import type { PairSpec } from '../model/spec.ts'
import { encodePair } from '../text/pair.ts'
import type { Accelerator } from './accelerator.ts'
import type { Model } from './model.ts'

/** Pairs that go through the model together. */
const AT_ONCE = 16

/**
 * Scores of texts for a query by a cross-encoder, in the order of the texts. Searches wait for 16 pairs at most.
 * @param model One opened with `task: 'rerank'`.
 * @throws MaxsiftError `OUT_OF_MEMORY`, `DEVICE_LOST`; the signal's reason.
 */
export async function scorePairs(
  model: Model,
  accelerator: Accelerator,
  query: string,
  texts: readonly string[],
  signal?: AbortSignal,
): Promise<number[]> {
  const pair = model.spec.pair!
  const inputs = texts.map((text) => pairInput(model, query, text))
  const scores: number[] = []
  for (let start = 0; start < inputs.length; start += AT_ONCE) {
    const part = inputs.slice(start, start + AT_ONCE)
    const numbers = await accelerator.use(async (backend) => {
      const encoder = await model.encoder(backend)
      return accelerator.turn(true, () => encoder.vectors(part), signal)
    }, signal)
    scores.push(...numbers.map(([number]) => activate(pair, number)))
  }
  return scores
}

/** A query and a text as the model takes them. */
export function pairInput({ spec, tokenizer }: Pick<Model, 'spec' | 'tokenizer'>, query: string, text: string) {
  const { ids, types } = encodePair(tokenizer, query, text, spec.pair!.maxLength)
  const input: EncoderInput = {
    ids,
    types: spec.encoder.types > 1 ? types : undefined,
    attend: new Uint8Array(ids.length).fill(1),
    keep: Uint32Array.of(0),
  }
  return input
}

export const activate = ({ activation }: PairSpec, x: number): number =>
  activation === 'sigmoid' ? 1 / (1 + Math.exp(-x)) : x
