/**
 * Who may import whom under src/, and which files come in threes. Contracts as data: docs/design.md explains them.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join, posix, relative, sep } from 'node:path'
import { root } from './run.mjs'

/** What each folder of src/ may import; itself, errors.ts and packages always. */
const MAY_IMPORT = {
  gpu: [],
  kernels: ['gpu'],
  codec: ['kernels', 'gpu'],
  text: ['model'],
  model: ['text', 'kernels', 'gpu'],
  store: ['codec'],
  // `lexical` by words.ts alone, which is loaded on demand.
  search: ['model', 'text', 'codec', 'store', 'lexical', 'kernels', 'gpu'],
  // The second backend: MaxSim in memory, models in ONNX Runtime. The engine knows their interface, not them.
  cpu: ['search', 'model', 'codec', 'kernels'],
  onnx: ['cpu', 'search', 'model', 'codec'],
  // MeCab, for the tokenizers that need it.
  japanese: ['model', 'text', 'search'],
  // Only where its model lies.
  nano: ['search'],
  // What any page could write: it has the public API and nothing else.
  element: ['.', 'onnx'],
  // Types only, of the documents that they make.
  formats: ['search'],
  // Words, and nothing of models.
  lexical: [],
  eval: ['lexical', 'formats', 'cpu', 'model', 'codec'],
  worker: ['search', 'model', 'text', 'codec', 'store', 'kernels', 'gpu'],
  node: [
    'onnx',
    'japanese',
    'cpu',
    'eval',
    'lexical',
    'formats',
    'worker',
    'search',
    'model',
    'text',
    'codec',
    'store',
    'kernels',
    'gpu',
  ],
  // The public barrel.
  '.': ['worker', 'search', 'model', 'text', 'codec', 'store', 'kernels', 'gpu'],
}

/** Importable by all: it imports nothing. */
const FREE = 'errors.ts'

/** The module names in a file's import and export statements and `import()` calls. */
export function imports(source) {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
  const statements = /(?:^|[;\n])\s*(?:import|export)\s(?:[^'";]*?\sfrom\s*)?\s*['"]([^'"]+)['"]/g
  const calls = /\bimport\(\s*['"]([^'"]+)['"]/g
  return [...code.matchAll(statements), ...code.matchAll(calls)].map((match) => match[1])
}

/**
 * @param {Record<string, string>} files text by path under src/
 * @returns {string[]} one line for each import that goes the wrong way
 */
export function wrongImports(files) {
  return Object.entries(files).flatMap(([path, source]) => {
    const from = folder(path)
    return imports(source).flatMap((name) => {
      if (name.startsWith('node:') && from !== 'node') return [`${path} imports ${name}: only src/node may`]
      if (!name.startsWith('.')) return []
      const target = posix.join(posix.dirname(path), name)
      if (target === FREE) return []
      if (path === FREE) return [`${path} imports ${target}: it may import nothing`]
      if (target.startsWith('../')) {
        const shader = target.startsWith('../shaders/')
        return shader && from === 'kernels'
          ? []
          : [`${path} imports ${target}: ${shader ? 'only src/kernels may' : 'it is outside src'}`]
      }
      const to = folder(target)
      return to === from || MAY_IMPORT[from]?.includes(to)
        ? []
        : [`${path} imports ${target}: ${from} may not import ${to}`]
    })
  })
}

function folder(path) {
  return path.includes('/') ? path.split('/')[0] : '.'
}

/** @returns {string[]} one line for each shader without its TypeScript twin or its test */
export function missingTwins(shaders, exists) {
  return shaders.flatMap((name) =>
    [`src/kernels/${name}.ts`, `test/kernels/${name}.test.ts`].flatMap((path) =>
      exists(path) ? [] : [`shaders/${name}.wgsl has no ${path}`],
    ),
  )
}

/** All violations in this tree. */
export function violations() {
  const source = join(root, 'src')
  const files = Object.fromEntries(
    readdirSync(source, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts'))
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [relative(source, path).split(sep).join('/'), readFileSync(path, 'utf8')]),
  )
  const shaders = readdirSync(join(root, 'shaders'))
    .filter((name) => name.endsWith('.wgsl'))
    .map((name) => basename(name, '.wgsl'))
  return [...wrongImports(files), ...missingTwins(shaders, (path) => existsSync(join(root, path)))]
}
