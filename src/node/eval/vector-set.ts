/**
 * Texts as the inputs of a model, and their token vectors, in a folder: made once, by whatever runs the model, and read
 * by every evaluation. docs/guide/evaluation.md describes the files.
 */
import { existsSync } from 'node:fs'
import { appendFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MaxsiftError } from '../../errors.ts'
import { jsonLines } from '../../formats/jsonl.ts'
import type { Pooling } from '../../model/spec.ts'
import { readChunks } from '../files.ts'

/** One text as the model sees it. */
export interface Input {
  /** Id of its query or document. */
  of: string
  /** What was tokenized. */
  text: string
  ids: number[]
  /** Rows from the first that others may attend to; later ones are expansion, and only scored. */
  attended: number
  /** Rows whose vectors count. */
  keep: number[]
}

export interface SetRecord {
  format: 'maxsift-vectors'
  version: 1
  role: 'query' | 'document'
  collection: { name: string; hash: string }
  /** `weights`: hash of each weight file by path, so that another program can see that it has the same model. */
  model: { name: string; fingerprint: string; weights: Record<string, string> }
  /** Long documents are split into passages; else cut at the limit. */
  split: boolean
  /** Longest input in tokens, markers included. */
  limit: number
  /** Width of a vector. */
  dim: number
  /** Where a text has one vector: how it comes from the last hidden states. */
  pooling?: Pooling
  parts: number
  inputs: number
  /** Rows kept, in all. */
  tokens: number
  truncated: number
  empty: number
}

/** Where the vectors of a part belong. */
export interface PartLayout {
  /** Ordinal of its first document. */
  first: number
  documents: number
  /** First row of each input, and the number of rows at the end. */
  starts: Uint32Array
  /** Document of each input, counted from the first of the part. */
  owners: Uint32Array
}

export interface Layout {
  ids: string[]
  parts: PartLayout[]
}

/** A part ends with the document with which its inputs reach this many tokens: what an interruption costs at most. */
const PART_TOKENS = 8_192

const RECORD = 'set.json'
const LOG = 'made.jsonl'

export class VectorSet {
  private constructor(
    readonly folder: string,
    readonly record: SetRecord,
  ) {}

  /** @returns null while the inputs are not all there. */
  static async open(folder: string): Promise<VectorSet | null> {
    const path = join(folder, RECORD)
    if (!existsSync(path)) return null
    const record = readRecord(await readFile(path, 'utf8'))
    if (record === null) throw damaged(path, 'is not what this version of maxsift writes')
    return new VectorSet(folder, record)
  }

  /** Writes the inputs, in order; those of one document come one after the other. */
  static async create(
    folder: string,
    record: Omit<SetRecord, 'format' | 'version' | 'parts' | 'inputs' | 'tokens' | 'truncated' | 'empty'>,
    inputs: AsyncIterable<Input>,
    counts: () => Pick<SetRecord, 'truncated' | 'empty'>,
  ): Promise<VectorSet> {
    await mkdir(folder, { recursive: true })
    let parts = 0
    let written = 0
    let tokens = 0
    let lines: string[] = []
    let size = 0
    let last: string | null = null
    const close = async () => {
      if (lines.length === 0) return
      await writeWhole(partFile(folder, parts++, 'jsonl'), lines.join(''))
      lines = []
      size = 0
    }
    for await (const input of inputs) {
      if (size >= PART_TOKENS && input.of !== last) await close()
      lines.push(`${JSON.stringify(input)}\n`)
      size += input.ids.length
      tokens += input.keep.length
      last = input.of
      written++
    }
    await close()
    const whole: SetRecord = {
      format: 'maxsift-vectors',
      version: 1,
      ...record,
      parts,
      inputs: written,
      tokens,
      ...counts(),
    }
    await writeWhole(join(folder, RECORD), `${JSON.stringify(whole, null, 2)}\n`)
    return new VectorSet(folder, whole)
  }

  async inputs(part: number): Promise<Input[]> {
    const path = partFile(this.folder, part, 'jsonl')
    const inputs: Input[] = []
    for await (const { value } of jsonLines(readChunks(path), path)) inputs.push(value as Input)
    return inputs
  }

  /** Parts whose vectors are still to be made. */
  missing(): number[] {
    const all = Array.from({ length: this.record.parts }, (_, part) => part)
    return all.filter((part) => !existsSync(partFile(this.folder, part, 'f32')))
  }

  /** @param vectors The kept rows of all inputs of the part, (rows, dim). */
  async save(part: number, vectors: Float32Array, seconds: number, encoder: string): Promise<void> {
    const { buffer, byteOffset, byteLength } = vectors
    await writeWhole(partFile(this.folder, part, 'f32'), new Uint8Array(buffer, byteOffset, byteLength))
    await appendFile(join(this.folder, LOG), `${JSON.stringify({ part, seconds, encoder })}\n`)
  }

  /** @returns (rows, dim) */
  async read(part: number, { starts }: PartLayout): Promise<Float32Array> {
    const path = partFile(this.folder, part, 'f32')
    const values = starts[starts.length - 1] * this.record.dim
    const bytes = await readFile(path)
    if (bytes.length !== values * 4) throw damaged(path, `has ${bytes.length} bytes instead of ${values * 4}`)
    // A copy, since files may come at any offset of a buffer.
    const vectors = new Float32Array(new Uint8Array(bytes).buffer)
    if (!vectors.every(Number.isFinite)) throw damaged(path, 'holds something that is not a number')
    return vectors
  }

  async layout(): Promise<Layout> {
    const ids: string[] = []
    const parts: PartLayout[] = []
    for (let part = 0; part < this.record.parts; part++) {
      const first = ids.length
      const inputs = await this.inputs(part)
      const starts = new Uint32Array(inputs.length + 1)
      const owners = new Uint32Array(inputs.length)
      inputs.forEach(({ of, keep }, i) => {
        if (i === 0 || of !== inputs[i - 1].of) ids.push(of)
        owners[i] = ids.length - first - 1
        starts[i + 1] = starts[i] + keep.length
      })
      parts.push({ first, documents: ids.length - first, starts, owners })
    }
    return { ids, parts }
  }

  /** What made the vectors, and how long it took; of a part made twice the last time counts. */
  async made(): Promise<{ seconds: number; encoders: string[] }> {
    const path = join(this.folder, LOG)
    const byPart = new Map<number, { seconds: number; encoder: string }>()
    for await (const { value } of jsonLines(readChunks(path), path)) {
      const { part, seconds, encoder } = value as { part: number; seconds: number; encoder: string }
      byPart.set(part, { seconds, encoder })
    }
    const all = [...byPart.values()]
    const encoders = [...new Set(all.map(({ encoder }) => encoder))]
    return { seconds: all.reduce((sum, { seconds }) => sum + seconds, 0), encoders }
  }
}

function readRecord(text: string): SetRecord | null {
  try {
    const record: SetRecord = JSON.parse(text)
    return record.format === 'maxsift-vectors' && record.version === 1 ? record : null
  } catch {
    return null
  }
}

const partFile = (folder: string, part: number, ending: string) =>
  join(folder, `${String(part).padStart(6, '0')}.${ending}`)

/** A file is there as a whole or not at all. */
async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}.new`
  await writeFile(temporary, content)
  await rename(temporary, path)
}

function damaged(path: string, what: string): MaxsiftError {
  return new MaxsiftError('INVALID_ARGUMENT', `${path} ${what}.`, {
    remedy: 'Remove this file, or its folder, and run the command again: it is made anew.',
  })
}
