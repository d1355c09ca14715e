import { describe, expect, it } from 'vitest'
import { expand } from '../../src/gpu/expand.ts'

/** The lines of a template that remain, without the constants on top. */
const lines = (template: string, defines: Record<string, number | boolean> = {}) =>
  expand(template, defines)
    .split('\n')
    .slice(Object.keys(defines).length)
    .map((line) => line.trim())

describe('expansion of shaders', () => {
  it('puts extensions and constants on top', () => {
    expect(expand('fn main() {}', { LANES: 32, VEC: true, EPSILON: 0.5 }, ['f16'])).toBe(
      'enable f16;\nconst LANES = 32u;\nconst VEC = true;\nconst EPSILON = f32(0.5);\nfn main() {}',
    )
  })

  it('keeps one branch', () => {
    const template = '#if A == 1\none\n#elif A > 2\nmany\n#else\nfew\n#endif\nend'
    expect(lines(template, { A: 1 })).toEqual(['one', 'end'])
    expect(lines(template, { A: 2 })).toEqual(['few', 'end'])
    expect(lines(template, { A: 3 })).toEqual(['many', 'end'])
    expect(lines('#if !B\nno\n#endif', { B: false })).toEqual(['no'])
    expect(lines('#if !B\nno\n#endif', { B: true })).toEqual([])
    expect(lines('#if N <= 4\nsmall\n#endif', { N: 4 })).toEqual(['small'])
  })

  it('takes the first branch that holds, and reads no condition after it', () => {
    expect(lines('#if A\na\n#elif UNKNOWN\nb\n#else\nc\n#endif', { A: true })).toEqual(['a'])
  })

  it('repeats lines with their number', () => {
    expect(lines('#for r N\nlet a$r = x[$ru];\n#end', { N: 2 })).toEqual(['let a0 = x[0u];', 'let a1 = x[1u];'])
    expect(lines('#for r N\nnever\n#end', { N: 0 })).toEqual([])
  })

  it('nests', () => {
    const template = '#for i N\n#if A\n#for j M\nx$i$j\n#end\n#endif\n#end'
    expect(lines(template, { N: 2, M: 2, A: true })).toEqual(['x00', 'x01', 'x10', 'x11'])
    expect(lines(template, { N: 2, M: 2, A: false })).toEqual([])
    expect(lines('#if A\n#if UNKNOWN\nx\n#else\ny\n#endif\n#else\nz\n#endif', { A: false })).toEqual(['z'])
  })

  it.each([
    ['#if A\nx', '#if without #endif'],
    ['#if A\nx\n#end', '#if without #endif'],
    ['#for i A\nx', '#for without #end'],
    ['x\n#endif', '#endif without its beginning'],
    ['#else\n#endif', '#else without its beginning'],
    ['#if B\n#endif', '"B", which is not defined'],
    ['#for i B\n#end', '"B", which is not defined'],
    ['#if A + 1\n#endif', 'cannot read the condition'],
    ['#for I A\n#end', 'cannot read "#for I A"'],
  ])('refuses %j', (template, message) => {
    expect(() => expand(template, { A: true })).toThrow(message)
  })
})
