import { basename, join, parse, resolve } from 'node:path'
import type { CodecId } from '../../codec/codec.ts'
import type { Collection } from '../../eval/collection.ts'
import { evaluate, plainResult, type Result, type System } from '../../eval/evaluate.ts'
import { makeReport } from '../../eval/report.ts'
import { runLines } from '../../eval/run.ts'
import { count, oneOf, queryLength, readArguments, UsageError } from '../args.ts'
import { GrowingFile, perQueryLines } from '../eval/files.ts'
import { openFolder } from '../eval/folder.ts'
import { makeSystems, type Plan } from '../eval/plan.ts'
import { cacheFolder } from '../model-folder.ts'
import { givenModel, locateModel } from '../models.ts'
import type { Terminal } from '../terminal.ts'

export const usage = `maxsift eval BEIR_DIR… [--split test] [--model DIR] [--codec int8,f16,f32] [--query-length RULE]
      [--split-passages] [--bm25] [--fusion] [--baseline [NAME=]DIR]… [--run FILE]… [--against SYSTEM] [--seed 1] [--depth 1000]
      [--threads N] [--write-run FILE] [--per-query FILE] [--report DIR] [--vectors DIR | --cache DIR]`

const CODECS: readonly CodecId[] = ['f32', 'f16', 'int8']

/** trec_eval's own depth. */
const DEPTH = 1_000

/** One JSON line a system and collection: its measures, and what it cost. */
export async function run(args: string[], terminal: Terminal): Promise<void> {
  const { values, positionals, backend } = readArguments(args, {
    split: { type: 'string' },
    codec: { type: 'string' },
    'query-length': { type: 'string' },
    'split-passages': { type: 'boolean' },
    bm25: { type: 'boolean' },
    fusion: { type: 'boolean' },
    baseline: { type: 'string', multiple: true },
    run: { type: 'string', multiple: true },
    against: { type: 'string' },
    seed: { type: 'string' },
    depth: { type: 'string' },
    threads: { type: 'string' },
    'write-run': { type: 'string' },
    'per-query': { type: 'string' },
    report: { type: 'string' },
    vectors: { type: 'string' },
    cache: { type: 'string' },
  })
  if (positionals.length === 0) throw new UsageError('A BEIR_DIR is missing: a folder with corpus.jsonl.')
  if (values.vectors !== undefined && values.cache !== undefined) {
    throw new UsageError('--vectors and --cache are two ways to say where vectors are; give one of them.')
  }
  const { bm25 = false, fusion = false, run: runs = [], baseline = [] } = values
  // Whoever asks for something else only does not want a model too.
  const modelled =
    fusion ||
    [values.codec, values.model, values['query-length']].some((value) => value !== undefined) ||
    (!bm25 && runs.length + baseline.length === 0)
  if (runs.length > 0 && positionals.length > 1) throw new UsageError('A run belongs to one BEIR_DIR; give one.')
  const number = (option: 'seed' | 'depth' | 'threads') =>
    values[option] === undefined ? undefined : count(`--${option}`, values[option])
  const { depth = DEPTH, threads, seed } = { depth: number('depth'), threads: number('threads'), seed: number('seed') }
  if (depth === 0 || threads === 0) throw new UsageError('--depth and --threads must be at least 1.')
  const plan: Plan = {
    bm25,
    fusion,
    runs,
    baselines: named(baseline),
    model: modelled ? givenModel(values.model) : null,
    queryLength: queryLength(values['query-length']),
    backend,
    codecs: (values.codec ?? 'int8').split(',').map((codec) => oneOf('--codec', codec, CODECS)),
    split: values['split-passages'] ?? false,
    depth,
    threads,
    vectors: resolve(values.vectors ?? values.cache ?? join(cacheFolder(), 'vectors')),
    foreign: values.vectors !== undefined,
  }
  const collections: Collection[] = []
  for (const folder of positionals) {
    collections.push(await openFolder(folder, values.split ?? 'test', terminal.signal))
  }
  const systemsFor = await makeSystems(plan, collections, terminal)
  const perQuery = values['per-query'] === undefined ? null : new GrowingFile(values['per-query'])
  const results: Result[] = []
  try {
    for (const collection of collections) {
      const systems = await systemsFor(collection)
      check(systems, values.against)
      const alone = systems.length * collections.length === 1
      for (const system of systems) {
        const result = await evaluateOne(collection, system, runPath(values['write-run'], alone, collection, system))
        results.push(result)
        perQuery?.add(perQueryLines(result))
        await terminal.print(plainResult(result))
      }
    }
  } finally {
    perQuery?.close()
  }
  if (values.report !== undefined) {
    const report = makeReport(results, { reference: values.against, seed })
    // Drawing brings a library with it.
    const { writeReport } = await import('../eval/report-files.ts')
    writeReport(values.report, report)
    terminal.note(`Report: ${join(values.report, 'report.md')}`)
  }
}

async function evaluateOne(collection: Collection, system: System, path: string | undefined): Promise<Result> {
  const file = path === undefined ? null : new GrowingFile(path)
  try {
    return await evaluate(collection, system, {
      take: file ? (query, ranking) => file.add(runLines(system.name, query.id, ranking)) : undefined,
    })
  } finally {
    file?.close()
  }
}

/** Where there are several runs, collection and system go before the ending: `out.trec`, `out.scifact.bm25.trec`. */
function runPath(given: string | undefined, alone: boolean, { name }: Collection, system: System): string | undefined {
  if (given === undefined || alone) return given
  const { dir, name: stem, ext } = parse(given)
  return join(dir, `${[stem, name, system.name].join('.').replaceAll('/', '-')}${ext}`)
}

/** `NAME=DIR`, or a folder that gives its name. */
function named(baselines: readonly string[]): Map<string, string> {
  const byName = new Map<string, string>()
  for (const given of baselines) {
    const [, name, folder] = /^(?:([\w.-]+)=)?(.+)$/.exec(given) ?? []
    if (!folder) throw new UsageError(`--baseline must be a folder or NAME=FOLDER, not "${given}".`)
    const key = name ?? basename(resolve(folder))
    if (byName.has(key)) throw new UsageError(`Two baselines have the name ${key}; name them: --baseline NAME=FOLDER.`)
    byName.set(key, locateModel(folder))
  }
  return byName
}

function check(systems: readonly System[], against: string | undefined): void {
  const names = systems.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) < i)
  if (twice !== undefined) throw new UsageError(`There are two systems with the name ${twice}; name one otherwise.`)
  if (against !== undefined && !names.includes(against)) {
    throw new UsageError(`--against ${against}: there is no such system, only ${names.join(', ')}.`)
  }
}
