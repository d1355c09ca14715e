/**
 * Where WebGPU is, and what to do where it is missing. As of September 2026, after
 * https://github.com/gpuweb/gpuweb/wiki/Implementation-Status,
 * https://github.com/mdn/browser-compat-data/blob/main/api/GPU.json and
 * https://developer.chrome.com/docs/web-platform/webgpu/troubleshooting-tips
 */
import type { UnavailableReason } from '../../src/errors.ts'
import type { Browser, Platform, System } from './platform.ts'

/** A step for one kind of browser. Between backticks stands what is typed or read as it is. */
export interface Step {
  browser: Browser
  /** Without it, on all systems. */
  systems?: readonly System[]
  text: string
}

/** What steps are called together. */
export const BROWSER_NAMES: Readonly<Record<Browser, string>> = {
  chromium: 'Chrome, Edge and other browsers made from Chromium',
  firefox: 'Firefox',
  safari: 'Safari',
}

const FLAGS =
  '`--enable-unsafe-webgpu --ozone-platform=x11 --use-angle=vulkan --enable-features=Vulkan,VulkanFromANGLE`'

/** The browser has no `navigator.gpu`: too old, or not yet on this system. */
const NO_API: readonly Step[] = [
  {
    browser: 'chromium',
    systems: ['windows', 'mac', 'chromeos'],
    text: 'Update it: WebGPU is in version 113 and later on Windows, macOS and ChromeOS.',
  },
  {
    browser: 'chromium',
    systems: ['windows'],
    text: 'On Windows for ARM processors, set `chrome://flags/#enable-unsafe-webgpu` (in Edge `edge://flags`) to Enabled and start the browser again.',
  },
  {
    browser: 'chromium',
    systems: ['linux'],
    text: 'Update it: WebGPU is in version 144 and later for Intel graphics from 2020 on (Gen12), and in version 147 and later for NVIDIA with driver 535.183.01 or later.',
  },
  { browser: 'chromium', systems: ['linux'], text: `With other graphics, start it with ${FLAGS}.` },
  {
    browser: 'chromium',
    systems: ['android'],
    text: 'Update it: WebGPU is in version 121 and later, on Android 12 and later with Qualcomm, ARM or Intel graphics, and in version 139 and later on Android 16 with Imagination graphics.',
  },
  { browser: 'firefox', systems: ['windows'], text: 'Update it: WebGPU is in version 141 and later on Windows.' },
  {
    browser: 'firefox',
    systems: ['mac'],
    text: 'Update it: WebGPU is in version 147 and later on Macs with Apple silicon (on macOS 26 from version 145 on). On Macs with an Intel processor, use Chrome or Edge.',
  },
  {
    browser: 'firefox',
    systems: ['linux', 'android'],
    text: 'On Linux and Android, WebGPU is only in Firefox Nightly so far. Use that, or Chrome.',
  },
  {
    browser: 'safari',
    text: 'Update the system: WebGPU is in Safari 26, with macOS 26, iOS 26, iPadOS 26 and visionOS 26.',
  },
  {
    browser: 'safari',
    systems: ['ios'],
    text: 'On iPhone and iPad every browser shows pages with the system’s own engine, so that another browser does not help.',
  },
]

/** The browser has WebGPU, and found nothing to run it on. */
const NO_ADAPTER: readonly Step[] = [
  {
    browser: 'chromium',
    text: 'Turn graphics acceleration on: in `chrome://settings/system` (Edge: `edge://settings/system`), “Use graphics acceleration when available”; then start the browser again.',
  },
  {
    browser: 'chromium',
    text: 'Close all windows of the browser and open it again: after several crashes of the graphics process it no longer uses the graphics processor.',
  },
  {
    browser: 'chromium',
    text: 'Look at `chrome://gpu`: the line “WebGPU” says whether it is on, and the list of problems below it says why not.',
  },
  {
    browser: 'chromium',
    systems: ['linux'],
    text: 'Install a Vulkan driver (with Mesa, the package `mesa-vulkan-drivers`); `vulkaninfo --summary` must list your graphics processor.',
  },
  {
    browser: 'chromium',
    systems: ['linux'],
    text: `Without Intel graphics from 2020 on or NVIDIA with driver 535.183.01 or later, start the browser with ${FLAGS}.`,
  },
  {
    browser: 'chromium',
    systems: ['windows'],
    text: 'Update the graphics driver, from Windows Update or from its maker.',
  },
  {
    browser: 'firefox',
    text: 'In Settings, General, Performance, take the tick from “Use recommended performance settings” and set one at “Use hardware acceleration when available”; then start Firefox again.',
  },
  {
    browser: 'firefox',
    text: 'Look at `about:support`, Graphics: the line “WebGPU” says whether it is blocked, and why.',
  },
  { browser: 'firefox', systems: ['windows', 'linux'], text: 'Update the graphics driver.' },
  { browser: 'safari', text: 'Install all updates of the system, and start the device again.' },
]

const LIMITS: readonly Step[] = [
  { browser: 'chromium', systems: ['windows', 'linux'], text: 'Update the graphics driver.' },
  {
    browser: 'chromium',
    text: 'Look at `chrome://gpu`: where more than one graphics processor is listed, let the system give the browser the stronger one.',
  },
  { browser: 'firefox', systems: ['windows', 'linux'], text: 'Update the graphics driver.' },
  { browser: 'firefox', text: 'Update Firefox, or try Chrome or Edge.' },
  { browser: 'safari', text: 'Install all updates of the system.' },
]

/** A page that is not secure is missing the same thing in all browsers. */
export const STEPS: Readonly<Record<Exclude<UnavailableReason, 'insecure-context'>, readonly Step[]>> = {
  'no-api': NO_API,
  'no-adapter': NO_ADAPTER,
  limits: LIMITS,
}

/** The steps for this browser, then those for others, each browser's together; none is left out. */
export function sortSteps(steps: readonly Step[], { browser, system }: Platform): { here: Step[]; elsewhere: Step[] } {
  const fits = (step: Step) =>
    (browser === null ? step.browser !== 'chromium' : step.browser === browser) &&
    (system === null || step.systems === undefined || step.systems.includes(system))
  return { here: steps.filter(fits), elsewhere: steps.filter((step) => !fits(step)) }
}
