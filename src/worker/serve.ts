import type { Call, Service } from '../search/service.ts'
import { type Port, PROTOCOL, packError, type Reply, type Request, unpackError } from './wire.ts'

/** A question for the next document that is not answered yet. */
interface Pull {
  resolve(step: IteratorResult<unknown>): void
  reject(error: unknown): void
}

interface Served {
  control: AbortController
  pulls: Pull[]
  /** There are no more documents. */
  ended: boolean
}

/** Answers the calls that come in at `port` with the methods of the service. */
export function serve(port: Port, service: Service): void {
  const reply = (message: Reply) => port.postMessage(message)
  const calls = new Map<number, Served>()

  const run = async ({ id, method, args, items }: Request & { kind: 'call' }) => {
    const control = new AbortController()
    const served: Served = { control, pulls: [], ended: !items }
    calls.set(id, served)
    const next = async (): Promise<IteratorResult<unknown>> => {
      control.signal.throwIfAborted()
      if (served.ended) return { done: true, value: undefined }
      return new Promise((resolve, reject) => {
        served.pulls.push({ resolve, reject })
        reply({ kind: 'pull', id })
      })
    }
    const call: Call = {
      signal: control.signal,
      progress: (progress) => reply({ kind: 'progress', id, progress }),
      items: { [Symbol.asyncIterator]: () => ({ next }) },
    }
    try {
      const value = await (service[method] as (...all: unknown[]) => unknown)(call, ...args)
      reply({ kind: 'value', id, value })
    } catch (error) {
      reply({ kind: 'error', id, error: packError(error) })
    } finally {
      calls.delete(id)
    }
  }

  service.onEvent = (handle, type, detail) =>
    reply({ kind: 'event', handle, type, detail: type === 'error' ? packError(detail) : detail })
  port.addEventListener('message', (event) => {
    const data: Request = (event as MessageEvent).data
    if (data?.kind === 'hello') return reply({ kind: 'ready', protocol: PROTOCOL })
    if (data?.kind === 'call') return void run(data)
    const call = calls.get(data?.id)
    if (!call) return
    if (data.kind === 'abort') {
      call.control.abort()
      for (const pull of call.pulls.splice(0)) pull.reject(call.control.signal.reason)
    } else if (data.kind === 'item') call.pulls.shift()?.resolve({ done: false, value: data.item })
    else {
      call.ended = true
      if (data.kind === 'done') call.pulls.shift()?.resolve({ done: true, value: undefined })
      else call.pulls.shift()?.reject(unpackError(data.error))
    }
  })
  port.addEventListener('messageerror', () => reply({ kind: 'fault', message: 'A call could not be read' }))
  port.start?.()
}
