import { MaxsiftError } from '../errors.ts'
import type { Checkpoint } from './checkpoint.ts'

/**
 * What no backend takes, lest an index that one of them built could not be opened by another.
 * @throws MaxsiftError `MODEL_UNSUPPORTED`
 */
export function checkShape({
  spec: { name, encoder, dim, pair },
  tensors,
}: Pick<Checkpoint, 'spec' | 'tensors'>): void {
  const problems = [
    encoder.hidden > 1024 && `hidden size ${encoder.hidden} (at most 1,024)`,
    encoder.hidden / encoder.heads > 128 && `head dim ${encoder.hidden / encoder.heads} (at most 128)`,
    !pair && (dim % 4 !== 0 || dim < 16 || dim > 768) && `token vectors of ${dim} (a multiple of 4 from 16 to 768)`,
  ].filter((problem) => problem !== false)
  if (problems.length > 0) throw new MaxsiftError('MODEL_UNSUPPORTED', `${name} has ${problems.join(', ')}.`)
  for (let i = 0; i < encoder.layers; i++) {
    const [query, ...others] = ['query', 'key', 'value'].map((part) => tensors.get(`layer.${i}.${part}.weight`)!)
    if (others.some(({ type }) => type !== query.type))
      throw new MaxsiftError('MODEL_UNSUPPORTED', `${query.name} and its neighbours have different number formats.`)
  }
}
