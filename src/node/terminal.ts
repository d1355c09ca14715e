import type { Progress } from '../search/types.ts'

/** Where a command writes to, and what ends it early. */
export interface Terminal {
  /** One JSON line on the standard output. Resolves when it is written. */
  print(value: unknown): Promise<void>
  /** A line for people, on the standard error. */
  note(text: string): void
  /** What is going on: on the standard error, at most once a second. */
  progress(progress: Progress): void
  /** Aborted by an interrupt, or when nobody reads the output any more. */
  signal: AbortSignal
}

type Output = Pick<NodeJS.WriteStream, 'write' | 'isTTY'>

const PROGRESS_MS = 1_000

export function createTerminal(stdout: Output, stderr: Output, signal: AbortSignal): Terminal {
  let last = 0
  let line = ''
  const clear = () => {
    if (line) stderr.write(`\r${' '.repeat(line.length)}\r`)
    line = ''
  }
  return {
    signal,
    print: (value) => {
      clear()
      return new Promise((resolve, reject) => {
        stdout.write(`${JSON.stringify(value)}\n`, (error) => (error ? reject(error) : resolve()))
      })
    },
    note(text) {
      clear()
      stderr.write(`${text}\n`)
    },
    progress(progress) {
      const now = Date.now()
      if (now - last < PROGRESS_MS) return
      last = now
      const text = describe(progress)
      if (!stderr.isTTY) stderr.write(`${text}\n`)
      else {
        clear()
        stderr.write(text)
        line = text
      }
    },
  }
}

const VERBS = { model: 'Loading the model', index: 'Loading the index', encode: 'Encoding' }

function describe({ stage, loaded, total }: Progress): string {
  if (stage === 'encode') return `${VERBS.encode}: ${loaded}${total === null ? '' : ` of ${total}`} documents`
  const mega = (bytes: number) => `${(bytes / 1e6).toFixed(1)}`
  return `${VERBS[stage]}: ${mega(loaded)}${total === null ? '' : ` of ${mega(total)}`} MB`
}
