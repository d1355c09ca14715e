import { playwright } from '@vitest/browser-playwright'
import { defineConfig } from 'vitest/config'
import { chromiumArguments, findChromium } from './scripts/chromium.mjs'
import { wgsl } from './scripts/wgsl-plugin.mjs'

// A kernel test runs twice: in Node over Dawn, and in Chromium. `*.browser.test.ts` needs a page, the rest Node alone.
export default defineConfig({
  plugins: [wgsl()],
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.browser.test.ts', 'test/e2e/**', 'test/full/**', '**/node_modules/**'],
          environment: 'node',
          pool: 'forks',
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        optimizeDeps: { include: ['idb', 'fast-check', '@huggingface/tokenizers'] },
        test: {
          name: 'browser',
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
          include: ['test/**/*.browser.test.ts', 'test/kernels/**/*.test.ts'],
          exclude: ['**/node_modules/**'],
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: {
                executablePath: findChromium()?.path,
                args: chromiumArguments,
                ignoreDefaultArgs: ['--headless=old', '--disable-gpu'],
              },
            }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
})
