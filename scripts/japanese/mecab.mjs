/** Reads the files of a MeCab dictionary: `sys.dic` and `unk.dic`, `matrix.bin`, `char.bin`. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** Entries of a MeCab dictionary by surface: a double array (Darts) over bytes, whose leaves count tokens. */
export function readLexicon(path) {
  const file = readFileSync(path)
  const [dictionary, tokens] = [file.readUInt32LE(24), file.readUInt32LE(28)]
  const base = (i) => file.readInt32LE(72 + 8 * i)
  const children = new Map()
  for (let i = 1; i < dictionary / 8; i++) {
    const check = file.readUInt32LE(72 + 8 * i + 4)
    if (check === 0 && base(i) === 0) continue
    const list = children.get(check)
    if (list) list.push(i)
    else children.set(check, [i])
  }
  const start = 72 + dictionary
  if (start + tokens > file.length) throw new Error(`${path} is no dictionary of MeCab`)
  const lexicon = new Map()
  const stack = [[base(0), []]]
  while (stack.length > 0) {
    const [state, bytes] = stack.pop()
    for (const i of children.get(state) ?? []) {
      const code = i - state - 1
      if (code >= 0 && code < 256) stack.push([base(i), [...bytes, code]])
      if (code !== -1) continue
      const value = -base(i) - 1
      const entries = Array.from({ length: value & 255 }, (_, k) => {
        const at = start + 16 * ((value >> 8) + k)
        const [left, right] = [file.readUInt16LE(at), file.readUInt16LE(at + 2)]
        if (left !== right) throw new Error('an entry has two context ids')
        return { id: left, cost: file.readInt16LE(at + 6) }
      })
      lexicon.set(Buffer.from(bytes).toString(), entries)
    }
  }
  return lexicon
}

/** Names of the categories, and the kind of each UTF-16 code unit in runs. */
export function readKinds(path) {
  const file = readFileSync(path)
  const count = file.readUInt32LE(0)
  const names = Array.from({ length: count }, (_, i) =>
    file.toString('latin1', 4 + 32 * i, 36 + 32 * i).replace(/\0.*/s, ''),
  )
  // The file lacks U+FFFF, for which MeCab reads a zero beyond it.
  const packed = Array.from({ length: 0x10000 }, (_, i) => (i < 0xffff ? file.readUInt32LE(4 + 32 * count + 4 * i) : 0))
  const kinds = [...new Set(packed)]
  const starts = packed.flatMap((value, i) => (i === 0 || value !== packed[i - 1] ? [i] : []))
  return { names, kinds, starts, runs: starts.map((i) => kinds.indexOf(packed[i])) }
}

/** Numbers equal lines of a matrix alike. @param line The i-th as a typed array. */
function unify(ids, line) {
  const known = new Map()
  return new Map(
    ids.map((id) => {
      const values = line(id)
      const key = createHash('sha1')
        .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
        .digest('latin1')
      if (!known.has(key)) known.set(key, { number: known.size, id })
      return [id, known.get(key).number]
    }),
  )
}

/**
 * An order in which each line differs from the one before by a constant over long runs: from each on to the nearest one
 * that is left.
 */
function tour(lines) {
  const left = new Set(lines.keys())
  const order = [0]
  left.delete(0)
  while (left.size > 0) {
    const last = lines[order.at(-1)]
    let least = Infinity
    let nearest = -1
    for (const i of left) {
      const line = lines[i]
      let changes = 0
      let before = line[0] - last[0]
      for (let k = 1; k < line.length && changes < least; k++) {
        const difference = line[k] - last[k]
        const change = difference - before
        if (change > 2 || change < -2) changes++
        before = difference
      }
      if (changes < least) {
        least = changes
        nearest = i
      }
    }
    order.push(nearest)
    left.delete(nearest)
  }
  return order
}

const inverse = (order) => {
  const places = new Array(order.length)
  order.forEach((number, place) => {
    places[number] = place
  })
  return places
}

/** The matrix with equal lines merged, in a good order; and each context id's row and column. */
export function readMatrix(path, ids) {
  const file = readFileSync(path)
  const side = file.readUInt16LE(0)
  if (file.readUInt16LE(2) !== side) throw new Error('the matrix is not square')
  const values = new Int16Array(file.buffer.slice(file.byteOffset + 4, file.byteOffset + file.length))
  // Row: the word on the right; column: the word on the left.
  const line = (row) => Int16Array.from(ids, (id) => values[row * side + id])
  const upright = (column) => Int16Array.from(ids, (id) => values[id * side + column])
  const rowOf = unify(ids, line)
  const columnOf = unify(ids, upright)
  const first = (map) => [...new Set(map.values())].map((number) => ids.find((id) => map.get(id) === number))
  let rows = first(rowOf)
  let columns = first(columnOf)
  const columnOrder = tour(columns.map((c) => Int16Array.from(rows, (r) => values[r * side + c])))
  columns = columnOrder.map((i) => columns[i])
  const rowOrder = tour(rows.map((r) => Int16Array.from(columns, (c) => values[r * side + c])))
  rows = rowOrder.map((i) => rows[i])
  const rowPlaces = inverse(rowOrder)
  const columnPlaces = inverse(columnOrder)
  const matrix = new Int16Array(rows.length * columns.length)
  rows.forEach((r, i) => {
    columns.forEach((c, k) => {
      matrix[i * columns.length + k] = values[r * side + c]
    })
  })
  return {
    matrix,
    height: rows.length,
    width: columns.length,
    row: (id) => rowPlaces[rowOf.get(id)],
    column: (id) => columnPlaces[columnOf.get(id)],
    raw: file.length,
  }
}
