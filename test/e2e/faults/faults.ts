/**
 * Faults that a browser cannot be asked for, put into the place where the engine runs: a page or a worker. Installed
 * while it runs; everything wrapped here is looked up by the engine at each call.
 */

/** Where a fault may strike. */
export type Point =
  /** A GPU device was just made. */
  | 'device'
  /** Commands were just handed to the GPU. */
  | 'submit'
  /** A connection to a database is about to be asked for. */
  | 'open'
  /** Before a transaction; `write` for one that may write. */
  | 'read'
  | 'write'
  /** In a transaction that writes, after its last request: nothing is committed yet. */
  | 'put'
  /** A transaction that wrote is committed, and other tabs are about to be told. */
  | 'tell'

/**
 * `destroy` the GPU device; `hold` the whole thread until the server answers, which it never does by itself; `abort`
 * what `faults.control` controls; anything else is the name of the DOMException to throw.
 */
export type Act = 'destroy' | 'hold' | 'abort' | 'InvalidStateError' | 'UnknownError' | 'QuotaExceededError'

export interface Faults {
  /** How often each point was passed. */
  passed: Record<Point, number>
  /** Strikes from the `nth` time on that the point is passed from now, `times` times. */
  arm(point: Point, act: Act, nth?: number, times?: number): void
  disarm(): void
  control: AbortController
  device: GPUDevice | null
  /** Lets the clock of the engine run ahead. */
  wait(milliseconds: number): void
}

declare global {
  var faults: Faults
}

/** Runs in the page or worker, so it uses nothing from around it. */
export function install(): void {
  if (globalThis.faults) return
  let armed: { point: Point; act: Act; from: number; times: number }[] = []
  const faults: Faults = {
    passed: { device: 0, submit: 0, open: 0, read: 0, write: 0, put: 0, tell: 0 },
    arm(point, act, nth = 1, times = 1) {
      armed.push({ point, act, from: faults.passed[point] + nth, times })
    },
    disarm() {
      armed = []
    },
    control: new AbortController(),
    device: null,
    wait(milliseconds) {
      const now = performance.now.bind(performance)
      performance.now = () => now() + milliseconds
    },
  }
  globalThis.faults = faults

  const pass = (point: Point) => {
    const count = ++faults.passed[point]
    const fault = armed.find((each) => each.point === point && count >= each.from && each.times > 0)
    if (!fault) return
    fault.times -= 1
    if (fault.act === 'destroy') faults.device?.destroy()
    else if (fault.act === 'abort') faults.control.abort()
    else if (fault.act === 'hold') {
      // The one thing that stops a thread in the middle of a task without turning a core.
      const request = new XMLHttpRequest()
      request.open('GET', `/hold/${point}`, false)
      request.send()
    } else throw new DOMException(`${fault.act} on purpose`, fault.act)
  }
  const wrap = <Target, Name extends keyof Target>(
    target: Target,
    name: Name,
    around: (original: (...all: unknown[]) => unknown, self: unknown, all: unknown[]) => unknown,
  ) => {
    const original = target[name] as (...all: unknown[]) => unknown
    target[name] = function (this: unknown, ...all: unknown[]) {
      return around(original, this, all)
    } as Target[Name]
  }
  wrap(GPUAdapter.prototype, 'requestDevice', async (original, self, all) => {
    const device = await original.apply(self, all)
    faults.device = device as GPUDevice
    pass('device')
    return device
  })
  wrap(GPUDevice.prototype, 'createCommandEncoder', (original, self, all) => {
    faults.device = self as GPUDevice
    return original.apply(self, all)
  })
  wrap(GPUQueue.prototype, 'submit', (original, self, all) => {
    original.apply(self, all)
    pass('submit')
  })
  wrap(IDBFactory.prototype, 'open', (original, self, all) => {
    pass('open')
    return original.apply(self, all)
  })
  wrap(IDBDatabase.prototype, 'transaction', (original, self, all) => {
    pass(all[1] === 'readwrite' ? 'write' : 'read')
    return original.apply(self, all)
  })
  wrap(IDBObjectStore.prototype, 'put', (original, self, all) => {
    const request = original.apply(self, all)
    if ((self as IDBObjectStore).name === 'manifest') pass('put')
    return request
  })
  wrap(BroadcastChannel.prototype, 'postMessage', (original, self, all) => {
    pass('tell')
    return original.apply(self, all)
  })
}
