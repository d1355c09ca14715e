/** Vite plugins: a module for each model of the package says where its files are, and what they hash to. */
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Failure, root } from './run.mjs'

export const DEFAULT_MODEL = join(root, 'models/maxsift-small-en')
export const NANO_MODEL = join(root, 'models/maxsift-nano-en')

const LIST = 'files.json'

/**
 * `maxsift:default-model`.
 * @param {object} [options]
 * @param {string} [options.folder] of the checkpoint that takes its place
 * @param {Awaited<ReturnType<describe>>} [options.description] of that folder, where it is known
 */
export const defaultModel = ({ folder = DEFAULT_MODEL, description } = {}) =>
  packagedModel('maxsift:default-model', basename(DEFAULT_MODEL), folder, description)

/** `maxsift:nano-model`. */
export const nanoModel = ({ description } = {}) =>
  packagedModel('maxsift:nano-model', basename(NANO_MODEL), NANO_MODEL, description)

/**
 * In a build the files lie in `models/<name>/` beside the scripts, each named in the form that bundlers know. Vite would
 * copy or inline what such an address names, so the addresses are hidden until its own plugins are through.
 */
function packagedModel(module, name, folder, description) {
  let building = false
  return {
    name: module,
    enforce: 'pre',
    configResolved({ command }) {
      building = command === 'build'
    },
    resolveId: (id) => (id === module ? `\0${module}` : null),
    async load(id) {
      if (id !== `\0${module}`) return null
      const { fingerprint, list, pin, weights } = description ?? (await describe(folder))
      const served = this.environment.config.consumer === 'client'
      const address = (path) => {
        if (building) return hide(`${name}/${path}`)
        const file = path === LIST ? keep(list) : resolve(folder, path)
        const { href, pathname } = pathToFileURL(file)
        return served ? `new URL('/@fs${pathname}', import.meta.url)` : `new URL('${href}')`
      }
      const urls = weights.map((path) => `${JSON.stringify(path)}: ${address(path)}.href`)
      return `
        export const name = ${JSON.stringify(name)}
        export const fingerprint = ${JSON.stringify(fingerprint)}
        export const list = () => ({ url: ${address(LIST)}.href, ...${JSON.stringify(pin)} })
        export const urls = () => ({ ${urls.join(', ')} })`
    },
    renderChunk(code) {
      const shown = code.replace(HIDDEN, (_, hex) => {
        const path = JSON.stringify(`./models/${Buffer.from(hex, 'hex')}`)
        return `new URL(${path}, import.meta.url)`
      })
      return shown === code ? null : { code: shown, map: null }
    },
  }
}

const HIDDEN = /__MAXSIFT_MODEL_FILE_([0-9a-f]+)__/g
const hide = (path) => `__MAXSIFT_MODEL_FILE_${Buffer.from(path).toString('hex')}__`

/** Without a build the list lies where development servers find it. */
function keep(list) {
  const folder = join(root, 'node_modules/.cache/maxsift')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${createHash('sha256').update(list).digest('hex')}.json`)
  if (!existsSync(file)) writeFileSync(file, list)
  return file
}

/** @throws Failure when the folder does not hold a checkpoint that the engine takes */
export async function describe(folder) {
  const { runnerImport } = await import('vite')
  if (!existsSync(folder)) throw new Failure(`A model of the package is missing: there is no ${folder}.`)
  const options = { root, configFile: false, logLevel: 'error' }
  const { module } = await runnerImport(join(root, 'scripts/describe-model.mjs'), options)
  return module.describeModel(folder).catch((error) => {
    throw new Failure(`${folder} cannot be a model of the package: ${error.message}`)
  })
}

/**
 * Puts the files of a model beside the built scripts.
 * @param {string} name under which the package has it
 * @returns {string[]} what a page asks for, relative to `dist`
 */
export function copyModel(name, folder, { list, weights }, dist) {
  const place = `models/${name}`
  cpSync(folder, join(dist, place), { recursive: true })
  writeFileSync(join(dist, place, LIST), list)
  return [LIST, ...weights].map((path) => `${place}/${path}`)
}
