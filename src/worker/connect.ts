import { MaxsiftError } from '../errors.ts'
import type { Call, Service } from '../search/service.ts'
import type { CallOptions, IndexEvents } from '../search/types.ts'
import { Source, unsendable } from './source.ts'
import { type Method, type Port, PROTOCOL, type Reply, type Request, unpackError, type WireError } from './wire.ts'

/** Milliseconds until a script that says nothing counts as not ours. */
const START_LIMIT = 30_000
/** Milliseconds that an aborted call waits for the service to stop. */
const ABORT_LIMIT = 5_000

type Arguments<M extends Method> = Parameters<Service[M]> extends [Call, ...infer Rest] ? Rest : never
type Result<M extends Method> = Awaited<ReturnType<Service[M]>>
type Listener = (type: keyof IndexEvents, detail: unknown) => void

export interface RemoteOptions<Value> extends CallOptions {
  /** What `call.items` yields in the service. */
  items?: Iterable<unknown> | AsyncIterable<unknown>
  /** Gets the result of a call that finished although it was aborted: nobody else will. */
  discard?(value: Value): void
}

interface Pending {
  reply(message: Reply): void
  reject(error: Error): void
}

/** The caller's end of a port whose other end is a service; see `serve`. */
export class Connection {
  /** Set once the connection has ended. */
  failure: Error | null = null
  /** Who gets the events of a handle. */
  readonly listeners = new Map<number, Listener>()
  private readonly pending = new Map<number, Pending>()
  private readonly start: ReturnType<typeof setTimeout>
  private ready = false
  private calls = 0

  /** @param stop Frees the port; called once, when the connection ends for whatever reason */
  constructor(
    private readonly port: Port,
    private readonly stop: () => void,
  ) {
    port.addEventListener('message', (event) => this.receive((event as MessageEvent).data))
    port.addEventListener('messageerror', () => this.rejectAll(workerFailure('The worker sent an unreadable answer')))
    port.addEventListener('error', (event) => this.fault(event as ErrorEvent))
    port.addEventListener('close', () => this.end(workerFailure('The worker has ended')))
    port.start?.()
    this.start = setTimeout(() => this.end(workerFailure('The worker script does not answer')), START_LIMIT)
    this.send({ kind: 'hello' })
  }

  /**
   * Calls a method of the service. An aborted call rejects with the reason of its signal once the service has stopped,
   * or after 5 s if that does not answer.
   * @throws MaxsiftError what the service threw, or INVALID_ARGUMENT: an argument cannot be sent, or the worker failed
   */
  call<M extends Method>(method: M, args: Arguments<M>, options: RemoteOptions<Result<M>> = {}): Promise<Result<M>> {
    const { signal, onProgress, items, discard } = options
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted()
      if (this.failure) throw this.failure
      const id = ++this.calls
      const source = items && new Source(items)
      let grace: ReturnType<typeof setTimeout> | undefined
      const abort = () => {
        this.send({ kind: 'abort', id })
        source?.stop()
        grace = setTimeout(() => reject(signal?.reason), this.ready ? ABORT_LIMIT : 0)
      }
      const finish = () => {
        this.pending.delete(id)
        signal?.removeEventListener('abort', abort)
        clearTimeout(grace)
        source?.stop()
      }
      try {
        this.send({ kind: 'call', id, method, args, items: items !== undefined })
      } catch (error) {
        throw unsendable(`${method}()`, args.at(-1), error)
      }
      signal?.addEventListener('abort', abort)
      this.pending.set(id, {
        reject: (error) => {
          finish()
          // The service may still be at work, for nobody.
          if (!this.failure) this.send({ kind: 'abort', id })
          reject(error)
        },
        reply: (message) => {
          if (message.kind === 'pull') return void source?.next(id, (answer) => this.send(answer))
          if (message.kind === 'progress') return signal?.aborted ? undefined : onProgress?.(message.progress)
          finish()
          const done = message.kind === 'value'
          if (done && signal?.aborted) discard?.(message.value as Result<M>)
          if (signal?.aborted) reject(signal.reason)
          else if (done) resolve(message.value as Result<M>)
          else if (source?.thrown) reject(source.thrown.error)
          else if (message.kind === 'error') reject(unpackError(message.error))
        },
      })
    })
  }

  /** Rejects every open call with `error`, and all later ones. */
  end(error: Error): void {
    if (this.failure) return
    this.failure = error
    clearTimeout(this.start)
    this.rejectAll(error)
    this.stop()
  }

  private send(message: Request): void {
    this.port.postMessage(message)
  }

  private receive(data: Reply): void {
    if (data?.kind === 'ready') {
      this.ready = true
      clearTimeout(this.start)
      if (data.protocol !== PROTOCOL) this.end(workerFailure('The worker script is of another version of maxsift'))
    } else if (data?.kind === 'event') {
      const detail = data.type === 'error' ? unpackError(data.detail as WireError) : data.detail
      this.listeners.get(data.handle)?.(data.type, detail)
    } else if (data?.kind === 'fault') this.rejectAll(workerFailure(data.message))
    else this.pending.get(data?.id)?.reply(data)
  }

  private fault(event: ErrorEvent): void {
    const message = event.message ? `: ${event.message}` : ''
    // What no call can tell is left to the browser, which reports it.
    if (!this.ready || this.pending.size > 0) event.preventDefault()
    // A script that could not start will not start later; one that runs goes on running after an error.
    if (this.ready) this.rejectAll(workerFailure(`The worker failed${message}`))
    else this.end(workerFailure(`The worker script could not be started${message}`))
  }

  private rejectAll(error: Error): void {
    for (const call of this.pending.values()) call.reject(error)
  }
}

/** The worker itself failed, not a call. */
export function workerFailure(message: string, cause?: unknown): MaxsiftError {
  return new MaxsiftError('INVALID_ARGUMENT', message, {
    cause,
    remedy:
      "Serve worker.js of maxsift from the page's own origin, allow it in the Content-Security-Policy (worker-src 'self'; " +
      'trusted-types maxsift), pass its address as `worker` where it lies elsewhere, or use `worker: false`.',
  })
}
