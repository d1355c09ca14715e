import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { stripWgsl } from '../../scripts/wgsl-plugin.mjs'
import { expand } from '../../src/gpu/expand.ts'

describe('shader text in a production build', () => {
  it('loses comments and indentation, and nothing else', () => {
    expect(stripWgsl('/* a\n b */\n// c\n  #if X // d\n  let y = 1; /* e */\n\n  #endif')).toBe(
      '#if X\nlet y = 1;\n#endif\n',
    )
  })

  it('can be put together like the files', () => {
    const parts = ['#if X\nfn a() {}\n#endif', '#if !X\nfn b() {}\n#endif'].map(stripWgsl)
    expect(expand(parts.join(''), { X: true })).toContain('fn a() {}')
  })

  it('keeps every word of every shader', () => {
    for (const file of readdirSync('shaders', { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.wgsl')) continue
      const source = readFileSync(`shaders/${file}`, 'utf8')
      const code = source.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
      expect(stripWgsl(source).split(/\s+/)).toEqual(`${code.trim()} `.split(/\s+/))
    }
  })
})
