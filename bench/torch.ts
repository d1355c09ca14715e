/** PyTorch on the CPU as a way to MaxSim: a process of its own, which is asked line by line. */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { ScorerImpl } from './maxsim.ts'
import program from './torch_maxsim.py?raw'

/** Why this Python cannot do it; empty where it can. */
export function torchMissing(python: string): string {
  const { error, status, stderr } = spawnSync(python, ['-c', 'import torch'], { encoding: 'utf8' })
  if (error) return error.message
  return status === 0 ? '' : (stderr.trim().split('\n').at(-1) ?? `${python} fails`)
}

export function torchScorer(python: string): ScorerImpl {
  return {
    impl: 'pytorch',
    open: async (corpus, query) => {
      const child = spawn(python, ['-c', program], { stdio: 'pipe' })
      child.stderr.pipe(process.stderr)
      // That it has ended shows when it is asked.
      child.stdin.on('error', () => {})
      const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
      const places = Array.from({ length: corpus.passages }, (_, i) => corpus.place(i))
      const head = { dim: corpus.dim, query: query.length, pool: corpus.values.length, places: places.length }
      child.stdin.write(`${JSON.stringify(head)}\n`)
      write(child, query)
      write(child, corpus.values)
      write(child, Int32Array.from(places.flatMap(({ from, to }) => [from, to])))
      const scores = async () => {
        child.stdin.write('run\n')
        const { value, done } = await answers.next()
        if (done) throw new Error('PyTorch ended; its message is above')
        return new Float32Array(Uint8Array.from(Buffer.from(value, 'base64')).buffer)
      }
      return { scores, close: () => child.kill() }
    },
  }
}

function write(child: ChildProcessWithoutNullStreams, values: Float32Array | Int32Array): void {
  child.stdin.write(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
}
