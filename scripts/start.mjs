/**
 * Installs what is missing, builds, and serves the demo under the strict policy.
 *
 *     npm start -- [--model DIR] [--port N]
 */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { buildLibrary } from './build.mjs'
import { buildDemo } from './demo.mjs'
import { install } from './install.mjs'
import { Failure, main } from './run.mjs'
import { serve } from './serve.mjs'

const PORT = 8080

await main(async (parameters) => {
  const { model, port } = options(parameters)
  await install()
  console.error('Building …')
  await buildLibrary({ types: false })
  const page = await buildDemo()
  const settings = {
    folders: { '/': page, ...(model && { '/model/': model }) },
    texts: { '/demo.json': JSON.stringify({ model: model ? 'model/' : null }) },
  }
  const server = await serve({ ...settings, port: port ?? PORT }).catch((error) => {
    if (error.code !== 'EADDRINUSE') throw error
    if (port !== undefined) throw new Failure(`Port ${port} is taken. Choose another one: npm start -- --port N`)
    return serve(settings)
  })
  console.log(`${server.address}${model ? '' : '   (no model: add --model DIR, or choose a folder in the page)'}`)
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, async () => {
      await server.close()
      process.exit(0)
    })
})

function options(parameters) {
  let values
  try {
    values = parseArgs({ args: parameters, options: { model: { type: 'string' }, port: { type: 'string' } } }).values
  } catch (error) {
    throw new Failure(`${error.message}\nUsage: npm start -- [--model DIR] [--port N]`)
  }
  const model = values.model === undefined ? null : resolve(values.model)
  if (model && !existsSync(join(model, 'config.json')))
    throw new Failure(`${model} holds no config.json: --model wants the folder of a checkpoint.`)
  const port = values.port === undefined ? undefined : Number(values.port)
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port < 65536))
    throw new Failure(`--port wants a number from 0 to 65535, not ${values.port}.`)
  return { model, port }
}
