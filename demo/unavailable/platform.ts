/** Which browser and system this seems to be. Only for which advice comes first: all of it is there. */

export type Browser = 'chromium' | 'firefox' | 'safari'
export type System = 'windows' | 'mac' | 'linux' | 'android' | 'ios' | 'chromeos'

export interface Platform {
  /** null where the page cannot tell. */
  browser: Browser | null
  system: System | null
}

/** What of `navigator` is looked at. https://wicg.github.io/ua-client-hints/ */
export interface NavigatorLike {
  userAgentData?: { platform: string; brands?: readonly { brand: string; version: string }[] }
  platform?: string
  maxTouchPoints?: number
}

export function readPlatform({ userAgentData, platform = '', maxTouchPoints = 0 }: NavigatorLike): Platform {
  // Only browsers made from Chromium say this, and only to secure pages.
  if (userAgentData) return { browser: 'chromium', system: systemOf(userAgentData.platform, maxTouchPoints) }
  const system = systemOf(platform, maxTouchPoints)
  if (system === 'ios') return { browser: 'safari', system }
  return { browser: system === 'mac' || system === null ? null : 'firefox', system }
}

function systemOf(platform: string, touchPoints: number): System | null {
  if (/^win/i.test(platform)) return 'windows'
  if (/^(iphone|ipad|ipod)/i.test(platform)) return 'ios'
  // An iPad says that it is a Mac, but no Mac has a touch screen.
  if (/^mac/i.test(platform)) return touchPoints > 1 ? 'ios' : 'mac'
  if (/^(chrome|chromium) ?os|^cros/i.test(platform)) return 'chromeos'
  if (/^android/i.test(platform) || (/^linux (arm|aarch)/i.test(platform) && touchPoints > 0)) return 'android'
  return /^linux/i.test(platform) ? 'linux' : null
}
