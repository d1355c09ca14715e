import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { MaxsiftError } from '../errors.ts'
import { UsageError } from './args.ts'
import * as encode from './commands/encode.ts'
import * as evaluate from './commands/eval.ts'
import * as index from './commands/index.ts'
import * as models from './commands/models.ts'
import * as score from './commands/score.ts'
import * as search from './commands/search.ts'
import type { Terminal } from './terminal.ts'

interface Command {
  usage: string
  run(args: string[], terminal: Terminal): Promise<void>
}

const COMMANDS = new Map<string, Command>(Object.entries({ encode, score, index, search, eval: evaluate, models }))

const HELP = `Late-interaction (ColBERT) search on WebGPU.

${[...COMMANDS.values()].map(({ usage }) => `  ${usage}`).join('\n')}

Options of every command:
  --model DIR|NAME|URL     the folder of a checkpoint, its name on the hub (owner/name, owner/name@revision), or the
                           base URL of its files; without it the model that the index was built with, else the one
                           in this package. HF_ENDPOINT names another hub, MAXSIFT_CACHE where models are kept
  --backend auto|webgpu|onnx
                           what the model runs on: WebGPU, or ONNX Runtime on the CPU (npm install onnxruntime-node);
                           auto is a GPU, else ONNX Runtime where it is installed, else WebGPU in software
  --query-length RULE      of encode, score, search and eval: fixed, min, dynamic, rerankers-16 or rerankers-32, instead of
                           the model's own
  --pooling none|cls|mean  of encode, score, index and search: one vector a text, made so, or those of its tokens
  --json                   accepted everywhere: the output is always JSON
  --help, --version

JSON goes to the standard output, everything else to the standard error.
Exit code 0; 1 after a failure, 2 after wrong usage.`

/**
 * Runs one command line.
 * @param write Takes what `--help` and `--version` print.
 * @returns the exit code: 0, 1 (failure) or 2 (usage).
 */
export async function run(args: string[], terminal: Terminal, write: (text: string) => void): Promise<number> {
  const [name, ...rest] = args
  const help = ['-h', '--help']
  if (name === undefined) {
    terminal.note(HELP)
    return 2
  }
  if (name === '--version') {
    write(version())
    return 0
  }
  if (help.includes(name) || name === 'help') {
    write(HELP)
    return 0
  }
  const command = COMMANDS.get(name)
  if (!command) {
    terminal.note(`maxsift: there is no command "${name}"; there are ${[...COMMANDS.keys()].join(', ')}.`)
    return 2
  }
  // What stands after `--` is text.
  const options = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest
  if (options.some((option) => help.includes(option))) {
    write(`Usage: ${command.usage}`)
    return 0
  }
  try {
    await command.run(rest, terminal)
    return 0
  } catch (error) {
    return explain(error, command, terminal)
  }
}

function explain(error: unknown, { usage }: Command, terminal: Terminal): number {
  if (error instanceof UsageError) {
    terminal.note(`maxsift: ${error.message}\nUsage: ${usage}`)
    return 2
  }
  // Whoever aborted knows why.
  if (terminal.signal.aborted) return 1
  if (error instanceof MaxsiftError) {
    const reason = error.reason ? ` (${error.reason})` : ''
    terminal.note(`maxsift: ${error.code}${reason}: ${error.message}\n${error.remedy}`)
  } else terminal.note(`maxsift: ${error instanceof Error ? (error.stack ?? error.message) : error}`)
  return 1
}

function version(): string {
  const path = createRequire(import.meta.url).resolve('maxsift/package.json')
  return JSON.parse(readFileSync(path, 'utf8')).version
}
