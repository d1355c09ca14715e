/**
 * Benchmarks, beside what one would use instead: see docs/guide/bench.md.
 *
 *     npm run bench -- [--node] [--gpu] [--quick] [--only NAME] [--json FILE] [--out FOLDER] [--no-peers]
 *     npm run bench -- --draw FILE [--out FOLDER]
 *     npm run bench -- --pack FOLDER
 *
 * --node      in Node over Dawn instead of in Chromium
 * --gpu       on this machine's GPU instead of the software adapter
 * --quick     small shapes, one repetition: checks outputs and counts; without peers that are not there yet
 * --only      only the workloads whose names begin so
 * --json      writes the results to a file
 * --out       where the report goes; without --quick and --only: bench/results/<adapter>
 * --no-peers  installs no peers, and compares only with what needs none
 * --draw      makes the report of results again
 * --pack      writes a folder, and its archive, that run on a bare Linux machine with Node and a Vulkan driver
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { buildForNode, buildForPages, pack } from './bench-build.mjs'
import { bestPeers, commit, installPeers, peerVersions } from './bench-peers.mjs'
import { dawnEnvironment } from './dawn.mjs'
import { install } from './install.mjs'
import { Failure, main, root, run } from './run.mjs'
import { serve } from './serve.mjs'

const cache = join(root, '.cache', 'bench')

await main(async (parameters) => {
  const options = parse(parameters)
  await install({ tools: true })
  if (options.draw) return draw(resolve(options.draw), options.out)
  if (options.pack) {
    await installPeers()
    const { archive, bytes } = await pack(resolve(options.pack), bestPeers('onnxruntime-node'))
    console.log(`${archive}: ${Math.ceil(bytes / 2 ** 20)} MiB`)
    return 0
  }
  // Read where Chromium's and Dawn's options are made.
  if (options.gpu) process.env.MAXSIFT_GPU = '1'
  if (!options.quick && options.peers) await installPeers()
  mkdirSync(cache, { recursive: true })
  const busy = await busyShare()
  const json = resolve(options.json ?? join(cache, options.node ? 'node.json' : 'chromium.json'))
  if (options.node) await runInNode(options, json)
  else await runInChromium(options, json)
  writeFileSync(json, `${JSON.stringify({ ...JSON.parse(readFileSync(json, 'utf8')), busy }, null, 2)}\n`)
  if (options.out || !(options.quick || options.only)) await draw(json, options.out)
  else console.log(readFileSync(json, 'utf8').trimEnd())
  return options.quick ? 0 : checkAgainstRoofline(json)
})

/** Share of this machine's cores that other programs take now. */
async function busyShare() {
  const spent = () =>
    cpus().reduce(
      ({ idle, all }, { times }) => ({
        idle: idle + times.idle,
        all: all + Object.values(times).reduce((sum, time) => sum + time, 0),
      }),
      { idle: 0, all: 0 },
    )
  const before = spent()
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  const after = spent()
  return 1 - (after.idle - before.idle) / (after.all - before.all)
}

function parse(parameters) {
  try {
    const { values } = parseArgs({
      args: parameters,
      options: {
        node: { type: 'boolean', default: false },
        gpu: { type: 'boolean', default: false },
        quick: { type: 'boolean', default: false },
        only: { type: 'string' },
        json: { type: 'string' },
        out: { type: 'string' },
        'no-peers': { type: 'boolean', default: false },
        draw: { type: 'string' },
        pack: { type: 'string' },
      },
    })
    return { ...values, peers: !values['no-peers'] }
  } catch (error) {
    throw new Failure(`${error.message}\nThe options are on top of scripts/bench.mjs.`)
  }
}

async function runInNode({ quick, only, peers }, json) {
  const program = await buildForNode(join(cache, 'node'))
  const folder = peers ? bestPeers('onnxruntime-node') : null
  const parameters = ['--json', json, '--commit', commit()]
  if (quick) parameters.push('--quick')
  if (only) parameters.push('--only', only)
  if (folder) parameters.push('--peers', folder)
  const { code } = await run(process.execPath, [program, ...parameters], { env: dawnEnvironment() })
  if (code !== 0) throw new Failure('The bench failed.')
}

async function runInChromium({ quick, only, peers, gpu }, json) {
  const { chromiumArguments, getChromium, refusedArguments } = await import('./chromium.mjs')
  const { browser: found, tried } = await getChromium()
  if (!found) throw new Failure(`No Chromium with a WebGPU adapter here.\n${tried.join('\n')}`)
  const pages = await buildForPages(join(cache, 'page'))
  const folder = peers ? bestPeers('@huggingface/transformers') : null
  const server = await serve({
    folders: { '/': pages, ...(folder && { '/peers/': join(folder, 'node_modules') }) },
    texts: { '/bench.html': readFileSync(join(root, 'bench/page.html'), 'utf8') },
    // Else WebAssembly would have one thread.
    headers: { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' },
  })
  const { chromium } = await import('playwright')
  const browser = await chromium.launch({
    executablePath: found.path,
    args: [...chromiumArguments, ...(gpu ? ['--ignore-gpu-blocklist', '--enable-features=Vulkan'] : [])],
    ignoreDefaultArgs: refusedArguments,
  })
  try {
    const page = await browser.newPage()
    page.on('console', (message) => console.error(message.text()))
    await page.goto(`${server.address}bench.html`)
    await page.waitForFunction(() => 'runBench' in globalThis)
    const report = await page.evaluate((options) => globalThis.runBench(options), {
      quick,
      only,
      backend: `Chromium ${browser.version().split('.')[0]}`,
      commit: commit(),
      versions: { chromium: browser.version(), ...(folder && peerVersions(folder)) },
      peers: folder && {
        script: '/peers/@huggingface/transformers/dist/transformers.min.js',
        runtime: '/peers/onnxruntime-web/dist/',
      },
      missing: peers ? 'transformers.js is not installed; without --quick it would be' : 'not asked for',
    })
    writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`)
  } finally {
    await browser.close()
    await server.close()
  }
}

/** Modules of bench/, as they are. */
async function load(file) {
  const { runnerImport } = await import('vite')
  const { module } = await runnerImport(join(root, 'bench', file), { root, configFile: false, logLevel: 'error' })
  return module
}

/** Writes the report of results: Markdown, plots, and the results themselves. */
async function draw(json, out) {
  const report = JSON.parse(readFileSync(json, 'utf8'))
  const { drawBench } = await load('plots.ts')
  const { writeMarkdown, folderName } = await load('report.ts')
  const { parseHTML } = await import('linkedom')
  const folder = resolve(out ?? join(root, 'bench/results', folderName(report)))
  mkdirSync(folder, { recursive: true })
  const pictures = drawBench(report, parseHTML('<html></html>').document)
  for (const { file, svg } of pictures) writeFileSync(join(folder, file), svg)
  writeFileSync(join(folder, 'report.json'), `${JSON.stringify(report, null, 2)}\n`)
  writeFileSync(join(folder, 'report.md'), writeMarkdown(report, pictures))
  console.log(`The report is in ${relative(process.cwd(), folder) || '.'}.`)
  return 0
}

async function checkAgainstRoofline(json) {
  const { impossible } = await load('measure.ts')
  const wrong = impossible(JSON.parse(readFileSync(json, 'utf8')).results)
  for (const { workload, impl, share } of wrong) {
    console.error(
      `${workload}, ${impl}: ${(100 * share).toFixed(0)} % of what this adapter can do. The bench is wrong.`,
    )
  }
  return wrong.length > 0 ? 1 : 0
}
