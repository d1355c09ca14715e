/** Biome over the whole tree, then the rules of structure.mjs. `--fix` writes what Biome can mend. */
import { install } from './install.mjs'
import { main, runPackage } from './run.mjs'
import { violations } from './structure.mjs'

await main(async (parameters) => {
  await install({ tools: true })
  const fix = parameters.includes('--fix') ? ['--write'] : []
  const { code } = await runPackage('@biomejs/biome/bin/biome', ['check', '--error-on-warnings', ...fix, '.'])
  const wrong = violations()
  for (const line of wrong) console.error(line)
  return code !== 0 || wrong.length > 0 ? 1 : 0
})
