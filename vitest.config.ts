import { playwright } from '@vitest/browser-playwright'
import { configDefaults, defineConfig } from 'vitest/config'
import { chromiumArguments, findChromium, refusedArguments } from './scripts/chromium.mjs'
import { wgsl } from './scripts/wgsl-plugin.mjs'

/** Tests of the built package, which start browsers or installs of their own: one at a time. */
const built = { environment: 'node', pool: 'forks', maxWorkers: 1, globalSetup: './test/build.ts' } as const

/** What takes minutes: `npm run test:full`. */
const heavy = [
  'test/e2e/**/*.test.ts',
  'test/full/**/*.test.ts',
  'test/model/mutants.test.ts',
  'test/node/built.test.ts',
  'test/package/**/*.test.ts',
  'test/store/crash.test.ts',
]

// A kernel test runs twice: in Node over Dawn, and in Chromium. `*.browser.test.ts` needs a page, the rest Node alone.
export default defineConfig({
  plugins: [wgsl()],
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    passWithNoTests: true,
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...heavy, 'test/**/*.browser.test.ts'],
          environment: 'node',
          pool: 'forks',
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        optimizeDeps: { include: ['idb', 'fast-check'] },
        test: {
          name: 'browser',
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
          include: ['test/**/*.browser.test.ts', 'test/kernels/**/*.test.ts'],
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: {
                executablePath: findChromium()?.path,
                args: chromiumArguments,
                ignoreDefaultArgs: refusedArguments,
              },
            }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
      {
        extends: true,
        test: {
          ...built,
          name: 'full',
          include: heavy,
          testTimeout: 600_000,
          hookTimeout: 600_000,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
})
