/**
 * Installs what is missing, builds, and serves the demo under the strict policy.
 *
 *     npm start -- [--model DIR] [--hub URL] [--port N]
 */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { buildLibrary } from './build.mjs'
import { buildDemo } from './demo.mjs'
import { install } from './install.mjs'
import { Failure, main } from './run.mjs'
import { STRICT_POLICY, serve } from './serve.mjs'

const PORT = 8080
const OPTIONS = { model: { type: 'string' }, hub: { type: 'string' }, port: { type: 'string' } }

await main(async (parameters) => {
  const { model, hub, port } = options(parameters)
  await install()
  console.error('Building …')
  await buildLibrary({ types: false })
  const page = await buildDemo()
  const address = model && modelAddress(model)
  const settings = {
    folders: { '/': page, ...(model && { [`/${address}`]: model }) },
    texts: { '/demo.json': JSON.stringify({ model: address && encodeURI(address), ...(hub && { hub }) }) },
    ...(hub && { headers: { 'Content-Security-Policy': policyFor(hub) } }),
  }
  const server = await serve({ ...settings, port: port ?? PORT }).catch((error) => {
    if (error.code !== 'EADDRINUSE') throw error
    if (port !== undefined) throw new Failure(`Port ${port} is taken. Choose another one: npm start -- --port N`)
    return serve(settings)
  })
  console.log(server.address)
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, async () => {
      await server.close()
      process.exit(0)
    })
})

/** The strict policy, but for what models by name are fetched from: a hub, and where Hugging Face's keeps large files. */
function policyFor(hub) {
  const { origin, hostname } = new URL(hub)
  const stores = hostname === 'huggingface.co' ? ' https://*.hf.co' : ''
  return STRICT_POLICY.replace("connect-src 'self'", `connect-src 'self' ${origin}${stores}`)
}

function options(parameters) {
  let values
  try {
    values = parseArgs({ args: parameters, options: OPTIONS }).values
  } catch (error) {
    throw new Failure(`${error.message}\nUsage: npm start -- [--model DIR] [--hub URL] [--port N]`)
  }
  const model = values.model === undefined ? null : resolve(values.model)
  if (model && !existsSync(join(model, 'config.json')))
    throw new Failure(`${model} holds no config.json: --model wants the folder of a checkpoint.`)
  const port = values.port === undefined ? undefined : Number(values.port)
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port < 65536))
    throw new Failure(`--port wants a number from 0 to 65535, not ${values.port}.`)
  if (values.hub !== undefined && !/^https?:/.test(values.hub))
    throw new Failure(`--hub wants an address such as https://huggingface.co, not ${values.hub}.`)
  return { model, hub: values.hub, port }
}

/** Browsers keep a model by its address, so that another one, or a newer one, must have another. */
function modelAddress(folder) {
  const hash = createHash('sha256')
  for (const file of readdirSync(folder, { recursive: true }).sort()) {
    const { size, mtimeMs } = statSync(join(folder, file), { throwIfNoEntry: false }) ?? {}
    hash.update(`${file} ${size} ${mtimeMs}\n`)
  }
  return `models/${hash.digest('hex').slice(0, 8)}/${basename(folder)}/`
}
