import { describe, expect, it } from 'vitest'
import { allVariants } from '../naga/variants.ts'

/** Bytes of a type that workgroup memory holds, in the shaders' vocabulary. */
function bytesOf(type: string, text: string): number {
  const array = /^array<\s*(.+?)\s*,\s*([^<>]+)>$/.exec(type)
  if (array) return bytesOf(array[1], text) * numberOf(array[2], text)
  const plain: Record<string, number> = { f32: 4, u32: 4, i32: 4, 'atomic<u32>': 4, f16: 2 }
  if (type in plain) return plain[type]
  const vector = /^vec([234])([fuih])$/.exec(type)
  if (vector) return (vector[1] === '2' ? 2 : 4) * (vector[2] === 'h' ? 2 : 4)
  const alias = new RegExp(`alias ${type} = ([^;]+);`).exec(text)
  if (alias) return bytesOf(alias[1], text)
  const struct = new RegExp(`struct ${type} \\{([^}]*)\\}`).exec(text)
  if (!struct) throw new Error(`unknown type ${type}`)
  const members = [...struct[1].matchAll(/\w+: ([^,\n]+)/g)]
  return members.reduce((sum, [, member]) => sum + bytesOf(member.trim(), text), 0)
}

/** Value of a constant expression: whole numbers, names of constants, and the operators + - * /. */
function numberOf(expression: string, text: string): number {
  const plain = expression.replace(/\b([A-Z_]\w*)\b/g, (name) => {
    const constant = new RegExp(`const ${name}(?:: u32)? = ([^;]+);`).exec(text)
    if (!constant) throw new Error(`unknown constant ${name}`)
    return `(${numberOf(constant[1], text)})`
  })
  const digits = plain.replace(/(\d)u\b/g, '$1')
  if (!/^[\d\s()+*/|-]+$/.test(digits)) throw new Error(`cannot read ${expression}`)
  return new Function(`return Math.floor(${digits})`)()
}

/** What a shader asks of the device. */
function demands(source: string) {
  const text = source.replace(/\/\/[^\n]*/g, '')
  const size = /@workgroup_size\(([^)]*)\)/.exec(text)![1].split(',')
  const workgroup = [...text.matchAll(/var<workgroup> \w+: ([^;]+);/g)]
  return {
    storageBuffers: [...text.matchAll(/var<storage/g)].length,
    uniformBuffers: [...text.matchAll(/var<uniform>/g)].length,
    invocations: size.reduce((product, part) => product * numberOf(part.trim(), text), 1),
    workgroupBytes: workgroup.reduce((sum, [, type]) => sum + bytesOf(type.trim(), text), 0),
  }
}

describe('the limits that every WebGPU device has', () => {
  it('reads shaders', () => {
    const text = `
      const LANES = 8u; const ROWS = 4u * LANES; alias Value = vec4f; struct Best { value: f32, index: u32, }
      @group(0) @binding(0) var<uniform> params: Params; @group(0) @binding(1) var<storage, read> x: array<f32>;
      var<workgroup> a: array<Value, ROWS>; // var<workgroup> not: f32;
      var<workgroup> b: array<Best, LANES + 1u>; var<workgroup> c: atomic<u32>;
      @compute @workgroup_size(LANES, 2) fn main() {}`
    expect(demands(text)).toEqual({
      storageBuffers: 1,
      uniformBuffers: 1,
      invocations: 16,
      workgroupBytes: 32 * 16 + 9 * 8 + 4,
    })
  })

  it('hold for every variant', () => {
    const beyond = [...allVariants()].filter(([, { text }]) => {
      const { storageBuffers, uniformBuffers, invocations, workgroupBytes } = demands(text)
      return storageBuffers > 8 || uniformBuffers !== 1 || invocations > 256 || workgroupBytes > 16_384
    })
    expect(beyond.map(([name]) => name)).toEqual([])
  })
})
