import { type Batch, type NewBlob, type Segment, SegmentWriter } from '../store/index.ts'
import type { EncodedText } from '../text/encode.ts'
import type { PassageVectors } from './backend.ts'
import type { LiveIndex } from './live-index.ts'
import type { Pace } from './pace.ts'
import type { Prepared } from './prepare.ts'

/** Some documents of a batch, encoded. */
export interface EncodedPart {
  segment: Segment
  put: NewBlob[]
  /** Their places in the batch. */
  documents: number[]
}

/** Makes segments of stored batches: passages → token vectors → codes, one submission after another. */
export class BatchEncoder {
  /** When the last submission ended: the one under way behind it began then. */
  #ended = 0

  constructor(
    private readonly index: LiveIndex,
    private readonly pace: Pace,
  ) {}

  /**
   * Encodes a batch, in parts of whole documents where it takes longer than `milliseconds`.
   * @param prepared The documents of the batch, in its order; null for one that needs no codes any more.
   */
  async *encode(
    batch: Batch,
    prepared: readonly (Prepared | null)[],
    milliseconds: number,
    signal: AbortSignal,
  ): AsyncGenerator<EncodedPart> {
    const passages = prepared.flatMap(
      (entry, document) => entry?.passages.map((passage) => ({ ...passage, document })) ?? [],
    )
    const vectors: PassageVectors[] = []
    let part = 0
    let first = 0
    let started = performance.now()
    // Passages of documents before `end` go into a segment of their own.
    const cut = async (end: number): Promise<EncodedPart> => {
      const writer = new SegmentWriter(this.index.manifest, batch)
      for (; first < vectors.length && passages[first].document < end; first++) {
        const { document, range } = passages[first]
        const { tokens, codes } = vectors[first]
        await writer.addPassage({ document, ...range, tokens }, codes)
      }
      const documents = Array.from({ length: end - part }, (_, i) => part + i)
      part = end
      started = performance.now()
      return { ...(await writer.finish()), documents }
    }
    const underway: Promise<PassageVectors[]>[] = []
    try {
      for (const group of this.pace.batches(passages, ({ input }) => input.ids.length)) {
        const inputs = group.map(({ input }) => input)
        const submission = this.#submit(inputs, signal)
        // Whoever waits for the one before it hears of that first.
        submission.catch(() => {})
        underway.push(submission)
        while (underway.length >= this.pace.depth) vectors.push(...(await underway.shift()!))
        // The document of the next passage may have begun in this group.
        const whole = passages[vectors.length]?.document ?? prepared.length
        if (whole < prepared.length && whole > part && performance.now() - started >= milliseconds)
          yield await cut(whole)
      }
      while (underway.length > 0) vectors.push(...(await underway.shift()!))
    } finally {
      await Promise.allSettled(underway)
    }
    yield await cut(prepared.length)
  }

  #submit(inputs: readonly EncodedText[], signal: AbortSignal): Promise<PassageVectors[]> {
    const { accelerator, model } = this.index.options
    return accelerator.use(async (backend) => {
      const encoder = await model.encoder(backend)
      const start = async () => ({ since: performance.now(), ...(await encoder.encode(inputs, this.index.codec)) })
      const { since, codes } = await accelerator.turn(false, start, signal)
      const vectors = await codes
      const now = performance.now()
      const tokens = inputs.reduce((sum, { ids }) => sum + ids.length, 0)
      this.pace.learn(tokens, now - Math.max(since, this.#ended))
      this.#ended = now
      return vectors
    }, signal)
  }
}
