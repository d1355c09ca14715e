/**
 * Benchmarks in Node over Dawn.
 *
 *     npm run bench -- [--quick] [--json FILE] [--gpu]
 *
 * --quick  fewer repetitions and small shapes; prints the JSON report
 * --json   writes the report to a file
 * --gpu    this machine's GPU instead of the software driver
 */
import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { install } from './install.mjs'
import { Failure, main, root } from './run.mjs'
import { wgsl } from './wgsl-plugin.mjs'

await main(async (parameters) => {
  const { quick, json, gpu } = options(parameters)
  await install({ tools: true })
  const { createServer } = await import('vite')
  const server = await createServer({
    configFile: false,
    root,
    logLevel: 'error',
    plugins: [wgsl()],
    server: { middlewareMode: true, watch: null, ws: false },
    optimizeDeps: { noDiscovery: true },
    appType: 'custom',
  })
  try {
    const { bench } = await server.ssrLoadModule('/bench/run.ts')
    const report = JSON.stringify(await bench({ quick, software: !gpu }), null, 2)
    if (json) writeFileSync(resolve(json), `${report}\n`)
    if (quick || !json) console.log(report)
  } finally {
    await server.close()
  }
})

function options(parameters) {
  try {
    return parseArgs({
      args: parameters,
      options: {
        quick: { type: 'boolean', default: false },
        json: { type: 'string' },
        gpu: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    throw new Failure(`${error.message}\nUsage: npm run bench -- [--quick] [--json FILE] [--gpu]`)
  }
}
