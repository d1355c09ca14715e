#!/usr/bin/env node
import { run } from './main.ts'
import { createTerminal } from './terminal.ts'

const control = new AbortController()

// A second interrupt does not wait for what the first has begun to end.
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (control.signal.aborted) process.exit(1)
    process.stderr.write('\nmaxsift: interrupted; what was committed stays.\n')
    control.abort()
  })
}

// `| head` has read enough: that is no failure.
let unread = false
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  unread = true
  control.abort()
})

process.stderr.on('error', () => {})

const terminal = createTerminal(process.stdout, process.stderr, control.signal)
const code = await run(process.argv.slice(2), terminal, (text) => process.stdout.write(`${text}\n`))

const written = (stream: NodeJS.WriteStream) => new Promise<void>((done) => stream.write('', () => done()))
if (!unread) await written(process.stdout)
await written(process.stderr)
// Nothing that may still wait, such as a connection kept alive, is to hold the process up.
process.exit(unread ? 0 : code)
