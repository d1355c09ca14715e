/**
 * Vite plugin: `import source from './x.wgsl'` gives the shader's text.
 * In a production build comments and blank lines are dropped, so that the contract
 * on top of each shader costs no bytes.
 */
import { readFileSync } from 'node:fs'

/**
 * Drops comments (WGSL has no string literals, so this is exact) and needless white space. Every line keeps its end:
 * texts are put together, and directives stand alone on their lines.
 */
export function stripWgsl(source) {
  return source
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\/\/[^\n]*/g, '')
    .split('\n')
    .flatMap((line) => line.trim() || [])
    .map((line) => `${line}\n`)
    .join('')
}

export function wgsl() {
  let production = false
  return {
    name: 'wgsl',
    enforce: 'pre',
    configResolved(config) {
      production = config.command === 'build'
    },
    load(id) {
      const [path] = id.split('?')
      if (!path.endsWith('.wgsl')) return null
      const text = readFileSync(path, 'utf8')
      return `export default ${JSON.stringify(production ? stripWgsl(text) : text)}`
    },
  }
}
