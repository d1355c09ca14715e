/**
 * Vite plugin: `import source from './x.wgsl'` gives the shader's text.
 * In a production build comments and blank lines are dropped, so that the contract
 * on top of each shader costs no bytes.
 */
import { readFileSync } from 'node:fs'

/** Drops comments (WGSL has no string literals, so this is exact) and needless white space. */
export function stripWgsl(source) {
  return source
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\/\/[^\n]*/g, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n')
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
