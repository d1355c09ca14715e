/**
 * Firefox compiles WGSL with naga, and no Firefox runs here: every variant must parse, validate and translate to what
 * its GPU drivers take.
 */
import { readdirSync } from 'node:fs'
import { basename } from 'node:path'
import { describe, expect, it } from 'vitest'
import { allVariants } from './variants.ts'

const naga = await import('naga-wasm').catch(() => null)
const missing = naga ? '' : ' — the naga-wasm package is missing'

/** What naga says against a shader, or null. */
function complaint(text: string): string | null {
  const { parseWgsl, validate, writeHlsl, writeMsl, writeSpirv } = naga!
  // naga knows the functions of the extension but not yet its name (gfx-rs/wgpu issue 5555).
  const source = text.replace('enable subgroups;', '')
  try {
    const module = parseWgsl(source)
    const info = validate(module)
    writeSpirv(module, info, {})
    writeMsl(module, info, {})
    writeHlsl(module, info, {})
    info.free()
    module.free()
    return null
  } catch (error) {
    return (error as Error).message ?? String(error)
  }
}

describe.skipIf(!naga)(`naga${missing}`, () => {
  const variants = allVariants()
  const shaders = readdirSync('shaders').flatMap((name) => (name.endsWith('.wgsl') ? basename(name, '.wgsl') : []))

  it('refuses what is wrong', () => {
    expect(complaint('@compute @workgroup_size(1) fn main() { let x: u32 = 1.5; }')).not.toBeNull()
    expect(complaint('enable subgroups; @compute @workgroup_size(32) fn main() {}')).toBeNull()
  })

  it.each(shaders)('%s', (shader) => {
    const own = [...variants].filter(([, { name }]) => name.split('.')[0] === shader)
    expect(own.length, 'variants in variants.ts').toBeGreaterThan(0)
    expect(own.flatMap(([constants, { text }]) => complaint(text)?.replace(/^/, `${constants}: `) ?? [])).toEqual([])
  })
})
