/** Type check of everything: sources, tests, demo, benchmarks. The tools bring the types of `webgpu`. */
import { install } from './install.mjs'
import { main, runPackage } from './run.mjs'

await main(async () => {
  await install({ tools: true })
  const { code } = await runPackage('typescript/bin/tsc', ['-p', '.'])
  return code
})
