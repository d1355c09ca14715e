import { run } from '../../src/node/main.ts'

export interface Outcome {
  code: number
  /** The JSON lines of the standard output. */
  // biome-ignore lint/suspicious/noExplicitAny: tests say what they expect of them
  lines: any[]
  /** The standard error, and what --help prints. */
  notes: string
}

/** Runs a command line in this process. */
export async function cli(...args: string[]): Promise<Outcome> {
  return cliWith(new AbortController().signal, ...args)
}

export async function cliWith(signal: AbortSignal, ...args: string[]): Promise<Outcome> {
  const lines: unknown[] = []
  const notes: string[] = []
  const code = await run(
    args,
    {
      signal,
      // Through JSON, as a reader of the output gets it.
      print: async (value) => void lines.push(JSON.parse(JSON.stringify(value))),
      note: (text) => notes.push(text),
      progress: () => {},
    },
    (text) => notes.push(text),
  )
  return { code, lines, notes: notes.join('\n') }
}
