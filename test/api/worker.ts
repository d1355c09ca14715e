import '../../src/worker/worker.ts'

// Vitest wraps every `import()`, but prepares only the page for it.
Object.assign(globalThis, { __vitest_browser_runner__: { wrapDynamicImport: (load: () => unknown) => load() } })
