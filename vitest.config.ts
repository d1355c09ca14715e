import { playwright } from '@vitest/browser-playwright'
import { configDefaults, defineConfig } from 'vitest/config'
import { chromiumArguments, findChromium, refusedArguments } from './scripts/chromium.mjs'
import { defaultModel, nanoModel } from './scripts/model-plugin.mjs'
import { wgsl } from './scripts/wgsl-plugin.mjs'

/** Tests of the built package, which start browsers or installs of their own: one at a time. */
const built = { environment: 'node', pool: 'forks', maxWorkers: 1, globalSetup: './test/build.ts' } as const

/** What takes minutes: `npm run test:full`. */
const heavy = [
  'test/e2e/**/*.test.ts',
  'test/eval/command.test.ts',
  'test/full/**/*.test.ts',
  'test/model/mutants.test.ts',
  'test/node/built.test.ts',
  'test/node/index.test.ts',
  'test/package/**/*.test.ts',
  'test/store/crash.test.ts',
]

/**
 * The same, of what runs in a page. `npm test` has the API through a worker there, and these kernels in Node and, with the
 * encoder, in the page too.
 */
const heavyInPage = [
  'test/api/direct.browser.test.ts',
  'test/api/onnx.browser.test.ts',
  'test/demo/pdf.browser.test.ts',
  'test/element/look.browser.test.ts',
  'test/kernels/attention.test.ts',
  'test/kernels/gemm.test.ts',
  'test/search/default-model.browser.test.ts',
]

const inPage = {
  maxWorkers: 1,
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
    instances: [{ browser: 'chromium' as const }],
  },
}
const optimizeDeps = { include: ['axe-core', 'fast-check', 'idb'] }

// A kernel test runs twice: in Node over Dawn, and in Chromium. `*.browser.test.ts` needs a page, the rest Node alone.
export default defineConfig({
  // A small checkpoint in the place of the default model, whatever that is.
  plugins: [wgsl(), defaultModel({ folder: 'test/goldens/pylate/model' }), nanoModel()],
  test: {
    // A software adapter that has compiled none of our shaders yet needs a minute for the first encoder.
    testTimeout: 180_000,
    hookTimeout: 60_000,
    // One second unless told: too little for a page on a busy machine.
    expect: { poll: { timeout: 60_000 } },
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
        optimizeDeps,
        test: {
          ...inPage,
          name: 'browser',
          include: ['test/**/*.browser.test.ts', 'test/kernels/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...heavyInPage],
          sequence: { groupOrder: 2 },
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
          // Whole browsers on a software GPU: what a busy machine lets time out once is tried again, once.
          retry: 1,
          sequence: { groupOrder: 3 },
        },
      },
      {
        extends: true,
        optimizeDeps,
        test: { ...inPage, name: 'full-browser', include: heavyInPage, sequence: { groupOrder: 4 } },
      },
    ],
  },
})
