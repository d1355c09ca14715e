import type { Pieces } from './pieces.ts'
import { invalid, unsupported } from './subwords.ts'
import { byteToken } from './unigram.ts'
import { utf8, utf8Length } from './utf8.ts'
import { readVocabulary } from './wordpiece.ts'

type Json = Readonly<Record<string, unknown>>

/** Symbols of a word before merging: ids, and how many UTF-8 bytes of the word each stands for. */
interface Symbols {
  ids: number[]
  bytes: number[]
}

/**
 * Byte-pair encoding (Sennrich et al. 2016, arXiv 1508.07909): of all neighbours the pair that was learnt first is
 * joined, the leftmost first, until no pair is known. As in Hugging Face `tokenizers` (`models/bpe`).
 */
export class Bpe {
  readonly size: number
  readonly unknown: number
  private readonly ids: ReadonlyMap<string, number>
  private readonly tokens: (string | undefined)[]
  /** Rank of a pair, by `left · size + right`; and what it becomes, by rank. */
  private readonly ranks = new Map<number, number>()
  private readonly merged: number[] = []
  private readonly wholeWords: boolean
  private readonly fuse: boolean
  private readonly prefix: string
  private readonly suffix: string
  private readonly bytes: readonly (number | undefined)[] | null

  constructor(model: Json) {
    const { vocab, merges, dropout } = model
    if (dropout !== undefined && dropout !== null && dropout !== 0) throw unsupported('dropout of BPE', dropout)
    const vocabulary = readVocabulary(vocab)
    this.ids = new Map(vocabulary)
    this.size = vocabulary.reduce((size, [, id]) => Math.max(size, id + 1), 0)
    this.tokens = []
    for (const [token, id] of vocabulary) this.tokens[id] = token
    this.prefix = String(model.continuing_subword_prefix ?? '')
    this.suffix = String(model.end_of_word_suffix ?? '')
    this.wholeWords = model.ignore_merges === true
    this.fuse = model.fuse_unk === true
    this.bytes = model.byte_fallback === true ? Array.from({ length: 256 }, (_, i) => this.ids.get(byteToken(i))) : null
    this.unknown = -1
    if (typeof model.unk_token === 'string') {
      const unknown = this.ids.get(model.unk_token)
      if (unknown === undefined) throw invalid(`the unknown token ${model.unk_token} is not in the vocabulary`)
      this.unknown = unknown
    }
    if (!Array.isArray(merges)) throw invalid('the merges are missing')
    merges.forEach((merge, rank) => {
      const [left, right, ...more] = typeof merge === 'string' ? merge.split(' ') : Array.isArray(merge) ? merge : []
      const [first, second] = [this.ids.get(left), this.ids.get(right)]
      const both =
        first === undefined || second === undefined ? undefined : this.ids.get(left + right.slice(this.prefix.length))
      if (both === undefined || more.length > 0)
        throw invalid(`the merge ${JSON.stringify(merge)} is not one of the vocabulary`)
      this.ranks.set((first as number) * this.size + (second as number), rank)
      this.merged.push(both)
    })
  }

  idOf(token: string): number | undefined {
    return this.ids.get(token)
  }

  tokenOf(id: number): string | undefined {
    return this.tokens[id]
  }

  /** Tokens of a word that is to be seen as its bytes (`alphabet` says how each is written), or as its characters. */
  encode(word: string, alphabet: readonly string[] | null): Pieces {
    const written = alphabet ? Array.from(utf8(word), (byte) => alphabet[byte]) : null
    const whole = this.wholeWords ? this.ids.get(written?.join('') ?? word) : undefined
    if (whole !== undefined) return { ids: [whole], starts: [0], ends: [word.length] }
    const symbols = written ? this.#symbols(written, () => 1) : this.#symbols([...word], (c) => utf8(c).length)
    return ranges(word, this.#merge(symbols))
  }

  #symbols(parts: readonly string[], lengthOf: (part: string) => number): Symbols {
    const out: Symbols = { ids: [], bytes: [] }
    let pending = 0
    const flush = () => {
      if (pending > 0) add(this.unknown, pending)
      pending = 0
    }
    const add = (id: number, bytes: number) => {
      out.ids.push(id)
      out.bytes.push(bytes)
    }
    parts.forEach((part, i) => {
      const symbol = (i > 0 ? this.prefix : '') + part + (i === parts.length - 1 ? this.suffix : '')
      const id = this.ids.get(symbol)
      if (id !== undefined) {
        flush()
        add(id, lengthOf(part))
        return
      }
      const bytes = this.bytes && Array.from(utf8(symbol), (byte) => this.bytes?.[byte])
      if (bytes?.every((each) => each !== undefined)) for (const each of bytes as number[]) add(each, 1)
      // Without an unknown token the reference drops what it does not know.
      else if (this.unknown >= 0) {
        if (!this.fuse) flush()
        pending += lengthOf(part)
      }
    })
    flush()
    return out
  }

  #merge({ ids, bytes }: Symbols): Symbols {
    const count = ids.length
    const after = Int32Array.from(ids, (_, i) => (i + 1 < count ? i + 1 : -1))
    const before = Int32Array.from(ids, (_, i) => i - 1)
    const heap = new Heap()
    const rankOf = (left: number, right: number) =>
      left < 0 || right < 0 ? undefined : this.ranks.get(ids[left] * this.size + ids[right])
    const offer = (left: number, right: number) => {
      const rank = rankOf(left, right)
      // One number that is ordered by rank, then by place.
      if (rank !== undefined) heap.push(rank * count + left)
    }
    for (let i = 0; i + 1 < count; i++) offer(i, i + 1)
    for (let top = heap.pop(); top !== undefined; top = heap.pop()) {
      const at = top % count
      const right = after[at]
      const rank = bytes[at] > 0 ? rankOf(at, right) : undefined
      // What stands there now may be another pair than when it was offered.
      if (rank === undefined || this.merged[rank] !== this.merged[Math.floor(top / count)]) continue
      ids[at] = this.merged[rank]
      bytes[at] += bytes[right]
      bytes[right] = 0
      after[at] = after[right]
      if (after[at] >= 0) before[after[at]] = at
      offer(before[at], at)
      offer(at, after[at])
    }
    const rows = [...bytes.keys()].filter((i) => bytes[i] > 0)
    return { ids: rows.map((i) => ids[i]), bytes: rows.map((i) => bytes[i]) }
  }
}

/** Ranges in a word by lengths in bytes: a token of a part of a character has the whole character's. */
function ranges(word: string, { ids, bytes }: Symbols): Pieces {
  const starts: number[] = []
  const ends: number[] = []
  // Where each byte's character starts and ends.
  for (let at = 0; at < word.length; ) {
    const code = word.codePointAt(at) as number
    const end = at + (code > 0xffff ? 2 : 1)
    for (let i = utf8Length(code); i > 0; i--) {
      starts.push(at)
      ends.push(end)
    }
    at = end
  }
  let from = 0
  const out: Pieces = { ids, starts: [], ends: [] }
  for (const length of bytes) {
    out.starts.push(starts[from])
    from += length
    out.ends.push(ends[from - 1])
  }
  return out
}

/** Numbers, of which the least comes out first. */
class Heap {
  readonly #items: number[] = []

  push(item: number): void {
    const items = this.#items
    let at = items.length
    items.push(item)
    for (let above = (at - 1) >> 1; at > 0 && items[above] > item; above = (at - 1) >> 1) {
      items[at] = items[above]
      at = above
    }
    items[at] = item
  }

  pop(): number | undefined {
    const items = this.#items
    const top = items[0]
    const last = items.pop()
    if (last === undefined || items.length === 0) return top
    let at = 0
    for (let below = 1; below < items.length; below = 2 * at + 1) {
      if (below + 1 < items.length && items[below + 1] < items[below]) below++
      if (items[below] >= last) break
      items[at] = items[below]
      at = below
    }
    items[at] = last
    return top
  }
}
