import { Host } from '../search/host.ts'
import { serve } from './serve.ts'
import type { Port } from './wire.ts'

/** The engine in the caller's own thread. */
export function start(port: Port): void {
  serve(port, new Host())
}
