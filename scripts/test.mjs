/**
 * Runs every test that this machine can run and lists the others, each with its reason.
 *
 *     node scripts/test.mjs [--full] [--strict] [--gpu] [FILE…]
 *
 * --full    the heavier tests instead (real weights, packages in empty projects, faults end to end)
 * --strict  a case that is run nowhere is a failure
 * --gpu     this machine's GPU instead of the software adapters
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, sep } from 'node:path'
import { getChromium } from './chromium.mjs'
import { askDawn, dawnEnvironment } from './dawn.mjs'
import { install } from './install.mjs'
import { Failure, main, root, runPackage } from './run.mjs'

await main(async (parameters) => {
  const options = new Set(parameters.filter((parameter) => parameter.startsWith('--')))
  const files = parameters.filter((parameter) => !parameter.startsWith('--'))
  for (const option of options)
    if (!['--full', '--strict', '--gpu'].includes(option)) throw new Failure(`Unknown option ${option}.`)
  if (options.has('--gpu')) process.env.MAXSIFT_GPU = '1'

  await install({ tools: true })
  const { browser, tried } = await getChromium()
  const missing = browser ? '' : `no Chromium with WebGPU (${tried.join('; ') || 'none found'})`
  if (browser) console.log(`Browser: Chromium ${browser.version} from ${browser.from}, adapter ${browser.adapter}`)
  if (browser && !process.env.MAXSIFT_GPU && !browser.adapter.includes('(software)'))
    throw new Failure('The browser does not use its software adapter although it was told to.')

  const dawn = await askDawn()
  console.log(
    `Node: ${dawn ? `adapter ${dawn}` : 'no WebGPU adapter (a Vulkan driver is missing, or is older than 2024)'}`,
  )
  if (options.has('--strict') && !(dawn && browser)) throw new Failure(missing || 'Tests in Node have no adapter.')

  // Side by side: compiling shaders keeps one core busy in Node, and the page's GPU process another.
  const page = (name) => (browser ? [name] : [])
  const all = options.has('--full') ? [['full', ...page('full-browser')]] : [['node'], page('browser')]
  const runs = all.filter((projects) => projects.length > 0)
  const env = {
    ...dawnEnvironment(),
    ...(browser ? { MAXSIFT_CHROMIUM: browser.path } : { MAXSIFT_NO_CHROMIUM: missing }),
  }
  const reports = await Promise.all(
    runs.map((projects) => vitest([...projects.flatMap((name) => ['--project', name]), ...files], env)),
  )
  const report = {
    passed: reports.reduce((sum, { passed }) => sum + passed, 0),
    failed: reports.reduce((sum, { failed }) => sum + failed, 0),
    notRun: reports.flatMap(({ notRun }) => notRun),
  }
  // A kernel test that one adapter cannot run counts as run where another one can.
  const ran = new Set(reports.flatMap(({ ran }) => ran))
  for (const entry of report.notRun) if (entry.keys.every((key) => ran.has(key))) entry.elsewhere = 'another project'
  if (!browser && !options.has('--full'))
    for (const file of browserTests())
      report.notRun.push({ project: 'browser', file, what: `all — ${missing}`, cases: 1 })

  if (report.notRun.length > 0) console.log('\nNOT RUN')
  for (const { project, file, what, cases, elsewhere } of report.notRun)
    console.log(
      `  ${project}: ${file}: ${what} (${cases} ${cases === 1 ? 'case' : 'cases'}${elsewhere ? `, run in ${elsewhere}` : ''})`,
    )
  const notRun = report.notRun.reduce((sum, { cases, elsewhere }) => sum + (elsewhere ? 0 : cases), 0)
  const failed = report.failed + (options.has('--strict') ? notRun : 0)
  const skipped = notRun > 0 && !options.has('--strict') ? `, ${notRun} skipped` : ''
  console.log(`\n${report.passed} passed, ${failed} failed${skipped}`)
  return failed > 0 || report.passed === 0 ? 1 : 0
})

/** The files of the `browser` project, which cannot even be listed by Vitest without a browser. */
function browserTests() {
  return readdirSync(join(root, 'test'), { recursive: true })
    .map((path) => `test/${path.split(sep).join('/')}`)
    .filter((path) => /\.browser\.test\.ts$|^test\/kernels\/.*\.test\.ts$/.test(path))
}

/** @returns {Promise<{ passed: number, failed: number, notRun: { project, file, what, cases, keys }[], ran: string[] }>} */
async function vitest(parameters, env) {
  const folder = mkdtempSync(join(tmpdir(), 'maxsift-'))
  const file = join(folder, 'report.json')
  try {
    const { code } = await runPackage(
      'vitest/vitest.mjs',
      ['run', '--reporter', './scripts/reporter.mjs', ...parameters],
      {
        env: { ...env, MAXSIFT_REPORT: file },
      },
    )
    const report = JSON.parse(readFileSync(file, 'utf8'))
    if (code !== 0 && report.failed === 0) report.failed = 1
    return report
  } catch (error) {
    throw new Failure(`The tests ended without a report: ${error.message}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
