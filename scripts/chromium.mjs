/** Finds a Chromium with WebGPU and says how to start it. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/**
 * New headless mode (the old one has no WebGPU), the software adapter where there is no GPU, and none of the
 * browser's own background requests.
 */
export const chromiumArguments = [
  '--headless=new',
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
  '--no-first-run',
]

const INSTALLED = {
  linux: [
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
    '/usr/bin/google-chrome-stable',
    '/usr/bin/microsoft-edge',
    '/snap/bin/chromium',
  ],
  darwin: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  ],
  win32: ['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA']
    .map((name) => process.env[name])
    .filter((folder) => folder !== undefined)
    .flatMap((folder) => [
      join(folder, 'Google/Chrome/Application/chrome.exe'),
      join(folder, 'Microsoft/Edge/Application/msedge.exe'),
    ]),
}

/** @returns {{ path: string, from: string } | null} the first browser found, without starting it */
export function findChromium() {
  const named = process.env.MAXSIFT_CHROMIUM
  if (named) return { path: named, from: 'MAXSIFT_CHROMIUM' }
  for (const path of INSTALLED[process.platform] ?? []) if (existsSync(path)) return { path, from: 'this system' }
  return null
}
