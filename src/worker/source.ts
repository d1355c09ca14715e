import { MaxsiftError } from '../errors.ts'
import { packError, type Request, uncloneable } from './wire.ts'

/** The caller's documents, handed out one for each question of the service. */
export class Source {
  /** What the iterable itself threw: its owner gets that very error back, not a copy that went through the service. */
  thrown?: { error: unknown }
  private iterator: Iterator<unknown> | AsyncIterator<unknown> | null = null
  private stopped = false
  private position = 0

  constructor(private readonly items: Iterable<unknown> | AsyncIterable<unknown>) {}

  /** Answers one `pull` of call `id`. */
  async next(id: number, send: (message: Request) => void): Promise<void> {
    if (this.stopped) return
    try {
      this.iterator ??=
        Symbol.asyncIterator in this.items ? this.items[Symbol.asyncIterator]() : this.items[Symbol.iterator]()
      const { done, value } = await this.iterator.next()
      const item = await value
      if (this.stopped) return
      if (done) {
        this.stopped = true
        return send({ kind: 'done', id })
      }
      const position = this.position++
      try {
        send({ kind: 'item', id, item })
      } catch (error) {
        send({ kind: 'failed', id, error: packError(unsendable(`document ${position}`, item, error, { position })) })
      }
    } catch (error) {
      if (this.stopped) return
      this.stopped = true
      this.thrown = { error }
      send({ kind: 'failed', id, error: packError(error) })
    }
  }

  /** Lets the iterable clean up. Not waited for: it may be stuck in its own `next`. */
  stop(): void {
    if (this.stopped) return
    this.stopped = true
    void (async () => this.iterator?.return?.())().catch(() => {})
  }
}

/** `DataCloneError` says neither which part it was nor what to do. */
export function unsendable(subject: string, value: unknown, cause: unknown, detail?: Record<string, unknown>) {
  const field = uncloneable(value)
  const part = field ? `\`${field}\` of ${subject}` : subject
  return new MaxsiftError('INVALID_ARGUMENT', `${part} cannot be copied: ${(cause as Error).message}`, {
    cause,
    detail,
    remedy: 'Pass plain data: no functions, no proxies of a framework (copy them first), no elements of the page.',
  })
}
