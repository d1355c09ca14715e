import { PieceTrie } from './piece-trie.ts'
import type { Pieces } from './pieces.ts'
import { invalid, unsupported } from './subwords.ts'
import { utf8 } from './utf8.ts'

type Json = Readonly<Record<string, unknown>>

/** What an unknown character costs beyond the worst piece. */
const UNKNOWN_PENALTY = 10

/**
 * SentencePiece's unigram model: the way through a text whose pieces have the highest sum of scores (Kudo 2018, arXiv
 * 1804.10959, section 3.2), found by Viterbi's search from the left. Of equal ways the one found first, as in Hugging
 * Face `tokenizers` (`models/unigram`, `encode_optimized`). Unknown characters in a row are one token.
 */
export class Unigram {
  readonly size: number
  readonly unknown: number
  private readonly pieces: readonly string[]
  private readonly scores: Float64Array
  private readonly trie: PieceTrie
  private readonly unknownScore: number
  /** Ids of `<0x00>` to `<0xFF>`, where unknown characters are given as bytes. */
  private readonly bytes: readonly (number | undefined)[] | null

  constructor(model: Json) {
    const { vocab, unk_id: unknown } = model
    for (const option of ['alpha', 'nbest_size'])
      if (model[option] !== undefined && model[option] !== null)
        throw unsupported(`option ${option} of Unigram`, model[option])
    if (!Array.isArray(vocab) || vocab.length === 0) throw invalid('the vocabulary is empty')
    if (!vocab.every((entry) => Array.isArray(entry) && typeof entry[0] === 'string' && Number.isFinite(entry[1])))
      throw invalid('the vocabulary is not a list of pieces and scores')
    if (unknown !== null && unknown !== undefined && !(Number.isInteger(unknown) && vocab[unknown as number]))
      throw invalid(`unk_id ${JSON.stringify(unknown)} is not in the vocabulary`)
    this.pieces = vocab.map(([piece]) => piece)
    this.scores = Float64Array.from(vocab, ([, score]) => score)
    this.size = vocab.length
    this.unknown = typeof unknown === 'number' ? unknown : -1
    this.unknownScore = this.scores.reduce((least, score) => Math.min(least, score), Infinity) - UNKNOWN_PENALTY
    this.trie = new PieceTrie(this.pieces)
    this.bytes = model.byte_fallback === true ? Array.from({ length: 256 }, (_, i) => this.idOf(byteToken(i))) : null
  }

  idOf(piece: string): number | undefined {
    return this.trie.find(piece)
  }

  tokenOf(id: number): string | undefined {
    return this.pieces[id]
  }

  encode(text: string): Pieces {
    const { starts, ids } = this.#search(text)
    // From the end to the beginning; unknown characters are joined on the way.
    const parts: [number, number][] = []
    let fused = false
    for (let end = text.length; end > 0; end = starts[end]) {
      const isUnknown = ids[end] === this.unknown
      if (isUnknown && fused) parts[parts.length - 1][0] = starts[end]
      else parts.push([starts[end], end])
      fused = isUnknown
    }
    const out: Pieces = { ids: [], starts: [], ends: [] }
    for (const [start, end] of parts.reverse()) {
      const piece = text.slice(start, end)
      for (const id of this.#idsOf(piece)) {
        out.ids.push(id)
        out.starts.push(start)
        out.ends.push(end)
      }
    }
    return out
  }

  /** For each place in the text, where the last piece of the best way to it starts and which it is. */
  #search(text: string): { starts: Int32Array; ids: Int32Array } {
    const { length } = text
    const best = new Float64Array(length + 1)
    const starts = new Int32Array(length + 1).fill(-1)
    const ids = new Int32Array(length + 1)
    const offer = (start: number, end: number, id: number, score: number) => {
      if (starts[end] >= 0 && !(score > best[end])) return
      best[end] = score
      starts[end] = start
      ids[end] = id
    }
    for (let at = 0, next: number; at < length; at = next) {
      next = at + ((text.codePointAt(at) as number) > 0xffff ? 2 : 1)
      let known = false
      let node = this.trie.next(PieceTrie.root, text.charCodeAt(at))
      for (let end = at + 1; node >= 0; node = end < length ? this.trie.next(node, text.charCodeAt(end++)) : -1) {
        const id = this.trie.at(node)
        if (id < 0) continue
        offer(at, end, id, best[at] + this.scores[id])
        known ||= end === next
      }
      if (!known) offer(at, next, this.unknown, best[at] + this.unknownScore)
    }
    return { starts, ids }
  }

  #idsOf(piece: string): readonly number[] {
    const id = this.idOf(piece)
    if (id !== undefined) return [id]
    const bytes = this.bytes && Array.from(utf8(piece), (byte) => this.bytes?.[byte])
    if (bytes?.every((each) => each !== undefined)) return bytes as number[]
    if (this.unknown < 0) throw invalid('the vocabulary has no unknown token, and a text needs one')
    return [this.unknown]
  }
}

export const byteToken = (byte: number) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`
