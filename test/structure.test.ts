import { describe, expect, it } from 'vitest'
import { imports, missingTwins, violations, wrongImports } from '../scripts/structure.mjs'

describe('structure', () => {
  it('holds in this tree', () => {
    expect(violations()).toEqual([])
  })

  it('sees every form of import', () => {
    const source = [
      `import a from 'a'`,
      `import { b, type B } from "./b.ts"`,
      `import type {\n  C,\n} from './c.ts'`,
      `import './d.ts'`,
      `export * from './e.ts'`,
      `export { f } from './f.ts'`,
      `const g = await import('./g.ts')`,
      `// import './not.ts'`,
      `/* import './nor.ts' */`,
      `const from = 'x'`,
    ].join('\n')
    expect(imports(source)).toEqual(['a', './b.ts', './c.ts', './d.ts', './e.ts', './f.ts', './g.ts'])
  })

  it.each([
    ['gpu/device.ts', '../kernels/gemm.ts'],
    ['kernels/gemm.ts', '../model/spec.ts'],
    ['model/spec.ts', '../store/store.ts'],
    ['store/store.ts', '../model/spec.ts'],
    ['store/store.ts', '../gpu/device.ts'],
    ['search/engine.ts', '../worker/client.ts'],
    ['errors.ts', './gpu/device.ts'],
    ['search/engine.ts', 'node:fs'],
    ['gpu/device.ts', '../../shaders/gemm.wgsl'],
    ['search/engine.ts', '../../test/gpu.ts'],
  ])('refuses %s importing %s', (path, name) => {
    expect(wrongImports({ [path]: `import { x } from '${name}'` })).toHaveLength(1)
  })

  it.each([
    ['index.ts', './worker/client.ts'],
    ['worker/client.ts', '../search/engine.ts'],
    ['search/engine.ts', '../store/store.ts'],
    ['model/encoder.ts', '../kernels/gemm.ts'],
    ['kernels/gemm.ts', '../../shaders/gemm.wgsl'],
    ['gpu/device.ts', '../errors.ts'],
    ['node/cli.ts', 'node:fs'],
    ['store/idb.ts', 'idb'],
  ])('allows %s importing %s', (path, name) => {
    expect(wrongImports({ [path]: `import { x } from '${name}'` })).toEqual([])
  })

  it('misses a twin and a test', () => {
    const present = new Set(['src/kernels/a.ts', 'test/kernels/a.test.ts', 'src/kernels/b.ts'])
    expect(missingTwins(['a', 'b', 'c'], (path: string) => present.has(path))).toEqual([
      'shaders/b.wgsl has no test/kernels/b.test.ts',
      'shaders/c.wgsl has no src/kernels/c.ts',
      'shaders/c.wgsl has no test/kernels/c.test.ts',
    ])
  })
})
