/**
 * Packs the Japanese dictionary of `maxsift/japanese` from that of the Python package unidic-lite:
 *
 *   pip download unidic-lite==1.0.8 --no-deps, unpack it, then
 *   node scripts/japanese.mjs path/of/unidic_lite/dicdir path/of/LICENSE.unidic
 *
 * It writes models/unidic-lite/ and src/japanese/pin.ts. Needed only to make these again: both are committed.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateRawSync, gzipSync } from 'node:zlib'
import { readKinds, readLexicon, readMatrix } from './japanese/mecab.mjs'
import { cheapest, HEADER_BYTES, packFile, packWords } from './japanese/pack.mjs'
import { isMain, main, root } from './run.mjs'

const FOLDER = join(root, 'models/unidic-lite')
/** MeCab's own (DEFAULT_MAX_GROUPING_SIZE in its common.h): the dictionary's dicrc leaves it at that. */
const MAX_GROUP = 24

async function build(folder, notice) {
  // The models of the coder are written once, in the language of the library.
  const { runnerImport } = await import('vite')
  const load = async (name) => (await runnerImport(join(root, `src/japanese/${name}.ts`))).module
  const [{ codeMatrix }, { writeRanks, writeSections }] = await Promise.all(['matrix', 'sections'].map(load))

  const lexicon = readLexicon(join(folder, 'sys.dic'))
  const unknown = readLexicon(join(folder, 'unk.dic'))
  const ids = [
    ...new Set([0, ...[...lexicon.values(), ...unknown.values()].flatMap((list) => list.map(({ id }) => id))]),
  ]
  ids.sort((a, b) => a - b)
  const { matrix, height, width, row, column, raw } = readMatrix(join(folder, 'matrix.bin'), ids)

  // Class 0 is the text's beginning and end, the context id 0; the others by row, which makes their rows easy to pack.
  const pair = (id) => row(id) * width + column(id)
  const pairs = [pair(0), ...[...new Set(ids.map(pair))].sort((a, b) => a - b).filter((value) => value !== pair(0))]
  const classes = new Map(pairs.map((value, i) => [value, i]))
  const classOf = (id) => classes.get(pair(id))

  const { names, kinds, starts, runs } = readKinds(join(folder, 'char.bin'))
  const unknownLists = names.map((name) => cheapest(unknown.get(name), classOf))
  const words = new Map([...lexicon].map(([word, entries]) => [word, cheapest(entries, classOf)]))
  const sections = {
    notice: new TextEncoder().encode(notice),
    sizes: Uint32Array.of(height, width, MAX_GROUP),
    rows: Uint16Array.from(pairs, (value) => Math.floor(value / width)),
    columns: Uint16Array.from(pairs, (value) => value % width),
    runStarts: Uint16Array.from(starts),
    runKinds: Uint8Array.from(runs),
    kinds: Uint32Array.from(kinds),
    unknownCounts: Uint8Array.from(unknownLists, (list) => list.length),
    unknownClasses: Uint16Array.from(unknownLists.flat(), ({ kind }) => kind),
    unknownCosts: Int16Array.from(unknownLists.flat(), ({ cost }) => cost),
    ...packWords(words, writeRanks),
  }
  const written = writeSections(sections)
  const file = packFile(written, matrix, height, width, codeMatrix)
  const deflated = file.readUInt32LE(8)

  const say = (what, bytes) => console.log(`  ${String(bytes).padStart(10)}  ${what}`)
  say('matrix.bin', raw)
  say(`its ${height} different rows by ${width} different columns`, matrix.byteLength)
  say('the same, coded', file.length - HEADER_BYTES - deflated)
  say('sys.dic', readFileSync(join(folder, 'sys.dic')).length)
  say(`its ${words.size} words with ${sections.costs.length} of their entries, and all else`, written.length)
  for (const [name, section] of Object.entries(sections)) say(`  ${name}, deflated`, deflateRawSync(section).length)
  say('the same, deflated', deflated)
  say('the file', file.length)
  say('the file, gzipped', gzipSync(file, { level: 9 }).length)
  return file
}

/** What src/model/verified.ts checks the file by. */
function writePin(file) {
  const blocks = []
  for (let at = 0; at < file.length; at += 1 << 20) {
    blocks.push(
      createHash('sha256')
        .update(file.subarray(at, at + (1 << 20)))
        .digest('hex'),
    )
  }
  const lines = blocks.map((block) => `    '${block}',\n`).join('')
  writeFileSync(
    join(root, 'src/japanese/pin.ts'),
    `/** What unidic-lite.bin must be. Written by scripts/japanese.mjs. */
import type { Pin } from '../model/verified.ts'

export const DICTIONARY: Pin = {
  bytes: ${String(file.length).replace(/\B(?=(\d{3})+$)/g, '_')},
  blocks: [
${lines}  ],
}
`,
  )
}

if (isMain(import.meta.url))
  await main(async () => {
    const [folder, licence] = process.argv.slice(2)
    if (!licence) throw new Error('usage: node scripts/japanese.mjs path/of/unidic_lite/dicdir path/of/LICENSE.unidic')
    const notice = readFileSync(licence, 'utf8')
    const file = await build(folder, notice)
    mkdirSync(FOLDER, { recursive: true })
    writeFileSync(join(FOLDER, 'unidic-lite.bin'), file)
    writeFileSync(join(FOLDER, 'LICENSE'), notice)
    writePin(file)
  })
