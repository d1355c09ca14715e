import { type Batch, type NewBlob, type Segment, SegmentWriter } from '../store/index.ts'
import type { EncodedText } from '../text/encode.ts'
import type { LiveIndex } from './live-index.ts'
import type { Pace } from './pace.ts'
import type { Prepared } from './prepare.ts'
import type { PassageVectors } from './residents.ts'
import { encodeCodes } from './vectors.ts'
import { Workspace } from './workspace.ts'

/** Makes segments of stored batches: passages → token vectors → codes, one submission after another. */
export class BatchEncoder {
  readonly #workspace = new Workspace('indexing')

  constructor(
    private readonly index: LiveIndex,
    private readonly pace: Pace,
  ) {}

  /** @param prepared The documents of the batch, in its order; null for one that needs no codes any more. */
  async encode(
    batch: Batch,
    prepared: readonly (Prepared | null)[],
    signal: AbortSignal,
  ): Promise<{ segment: Segment; put: NewBlob[] }> {
    const writer = new SegmentWriter(this.index.manifest, batch)
    const passages = prepared.flatMap(
      (entry, document) => entry?.passages.map((passage) => ({ ...passage, document })) ?? [],
    )
    let next = 0
    for (const group of this.pace.batches(passages, ({ input }) => input.ids.length)) {
      const inputs = group.map(({ input }) => input)
      for (const { tokens, codes } of await this.#submit(inputs, signal)) {
        const { document, range } = passages[next++]
        await writer.addPassage({ document, ...range, tokens }, codes)
      }
    }
    return writer.finish()
  }

  #submit(inputs: readonly EncodedText[], signal: AbortSignal): Promise<PassageVectors[]> {
    const { accelerator, model } = this.index.options
    return accelerator.use(async (device) => {
      const encoder = await model.encoder(device)
      const work = async () => {
        const started = performance.now()
        const vectors = await encodeCodes(device, this.#workspace.on(device), encoder, this.index.codec, inputs)
        const tokens = inputs.reduce((sum, { ids }) => sum + ids.length, 0)
        this.pace.learn(tokens, performance.now() - started)
        return vectors
      }
      return accelerator.turn(false, work, signal)
    }, signal)
  }

  close(): void {
    this.#workspace.close()
  }
}
