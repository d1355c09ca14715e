import { expect, test } from 'vitest'
import { readPlatform } from '../../demo/unavailable/platform.ts'
import { STEPS, sortSteps } from '../../demo/unavailable/webgpu.ts'

test.each([
  [{ userAgentData: { platform: 'Windows' }, platform: 'Win32' }, 'chromium', 'windows'],
  [{ userAgentData: { platform: 'macOS' }, platform: 'MacIntel' }, 'chromium', 'mac'],
  [{ userAgentData: { platform: 'Linux' }, platform: 'Linux x86_64' }, 'chromium', 'linux'],
  [{ userAgentData: { platform: 'Android' }, platform: 'Linux armv81', maxTouchPoints: 5 }, 'chromium', 'android'],
  [{ userAgentData: { platform: 'Chrome OS' }, platform: 'Linux x86_64' }, 'chromium', 'chromeos'],
  [{ userAgentData: { platform: '' } }, 'chromium', null],
  [{ platform: 'Win32' }, 'firefox', 'windows'],
  [{ platform: 'Linux x86_64' }, 'firefox', 'linux'],
  [{ platform: 'Linux aarch64', maxTouchPoints: 5 }, 'firefox', 'android'],
  [{ platform: 'Linux aarch64', maxTouchPoints: 0 }, 'firefox', 'linux'],
  [{ platform: 'MacIntel', maxTouchPoints: 0 }, null, 'mac'],
  [{ platform: 'MacIntel', maxTouchPoints: 5 }, 'safari', 'ios'],
  [{ platform: 'iPhone', maxTouchPoints: 5 }, 'safari', 'ios'],
  [{}, null, null],
] as const)('%o is %s on %s', (navigator, browser, system) => {
  expect(readPlatform(navigator)).toEqual({ browser, system })
})

test('no step is left out, and each browser has one for each reason', () => {
  for (const steps of Object.values(STEPS)) {
    for (const browser of ['chromium', 'firefox', 'safari', null] as const)
      for (const system of ['windows', 'mac', 'linux', 'android', 'ios', 'chromeos', null] as const) {
        const { here, elsewhere } = sortSteps(steps, { browser, system })
        expect(here.length + elsewhere.length).toBe(steps.length)
        expect(new Set([...here, ...elsewhere])).toEqual(new Set(steps))
      }
    expect(new Set(steps.map(({ browser }) => browser)).size).toBe(3)
  }
})
