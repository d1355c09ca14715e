/** Finds, or gets, a Chromium that gives a WebGPU adapter, and says how to start it. */
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { run, runPackage } from './run.mjs'

/**
 * New headless mode (the old one has no WebGPU) and none of the browser's own background requests.
 * Test results must not depend on the machine's GPU, so the software adapter is forced unless MAXSIFT_GPU is set.
 */
export const chromiumArguments = [
  '--headless=new',
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  ...(process.env.MAXSIFT_GPU ? [] : ['--use-webgpu-adapter=swiftshader']),
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
  '--no-first-run',
]

/** Playwright's own arguments that would take WebGPU away. */
export const refusedArguments = ['--headless=old', '--disable-gpu']

const INSTALLED = {
  linux: [
    '/usr/bin/google-chrome',
    '/usr/bin/google-chrome-stable',
    '/usr/bin/microsoft-edge',
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/snap/bin/chromium',
  ],
  darwin: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
  ],
  win32: ['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA']
    .map((name) => process.env[name])
    .filter((folder) => folder !== undefined)
    .flatMap((folder) => [
      join(folder, 'Google/Chrome/Application/chrome.exe'),
      join(folder, 'Microsoft/Edge/Application/msedge.exe'),
    ]),
}

/** @returns {{ path: string, from: string } | null} the first browser of this system, without starting it */
export function findChromium() {
  const named = process.env.MAXSIFT_CHROMIUM
  if (named) return { path: named, from: 'MAXSIFT_CHROMIUM' }
  const path = (INSTALLED[process.platform] ?? []).find((path) => existsSync(path))
  return path === undefined ? null : { path, from: 'this system' }
}

/**
 * The first Chromium that gives an adapter: the one named, one that Playwright downloaded before, one of this
 * system, and at last one downloaded now.
 * @returns {Promise<{ browser: { path: string, from: string, version: string, adapter: string } | null, tried: string[] }>}
 */
export async function getChromium() {
  const tried = []
  for await (const candidate of candidates()) {
    if (tried.some((line) => line.startsWith(`${candidate.path}:`))) continue
    try {
      const { version, adapter } = await askAdapter(candidate.path)
      if (adapter) return { browser: { ...candidate, version, adapter }, tried }
      tried.push(`${candidate.path}: no WebGPU adapter`)
    } catch (error) {
      tried.push(`${candidate.path}: ${error.message.split('\n')[0]}`)
    }
  }
  return { browser: null, tried }
}

async function* candidates() {
  const named = process.env.MAXSIFT_CHROMIUM
  if (named) {
    yield { path: named, from: 'MAXSIFT_CHROMIUM' }
    return
  }
  const { chromium } = await import('playwright')
  const own = { path: chromium.executablePath(), from: 'Playwright' }
  const present = existsSync(own.path)
  if (present) yield own
  for (const path of INSTALLED[process.platform] ?? []) if (existsSync(path)) yield { path, from: 'this system' }
  if (!present) {
    console.error('No browser with WebGPU here: asking Playwright for a Chromium …')
    await runPackage('playwright/cli.js', ['install', '--no-shell', 'chromium'], { quiet: true })
    if (existsSync(own.path)) yield own
  }
  if (isDebian() && process.getuid?.() === 0) {
    console.error('Installing the chromium package …')
    const env = { DEBIAN_FRONTEND: 'noninteractive' }
    await run('apt-get', ['update', '-qq'], { quiet: true })
    await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], { quiet: true, env })
    if (existsSync('/usr/bin/chromium')) yield { path: '/usr/bin/chromium', from: 'the chromium package' }
  }
}

function isDebian() {
  try {
    return /^ID(_LIKE)?=.*debian/m.test(readFileSync('/etc/os-release', 'utf8'))
  } catch {
    return false
  }
}

/** Starts the browser and asks for an adapter, on a served page: WebGPU is only offered to secure contexts. */
async function askAdapter(executablePath) {
  const { chromium } = await import('playwright')
  const server = createServer((_, response) => response.setHeader('Content-Type', 'text/html').end('<!doctype html>'))
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  let browser
  try {
    browser = await chromium.launch({
      executablePath,
      args: chromiumArguments,
      ignoreDefaultArgs: refusedArguments,
      timeout: 60_000,
    })
    const page = await browser.newPage()
    await page.goto(`http://127.0.0.1:${server.address().port}/`)
    const adapter = await page.evaluate(async () => {
      const adapter = await navigator.gpu?.requestAdapter()
      if (!adapter) return null
      const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info
      const name = [vendor, architecture, device, description].filter(Boolean).join(' ')
      return `${name}${isFallbackAdapter ? ' (software)' : ''}`
    })
    return { version: browser.version(), adapter }
  } finally {
    await browser?.close()
    server.close()
  }
}
