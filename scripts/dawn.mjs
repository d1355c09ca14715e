/** The adapter that tests in Node get: Dawn over Mesa's software driver, or over this machine's GPU. */
import { existsSync } from 'node:fs'
import { run } from './run.mjs'

const SOFTWARE = ['/usr/share/vulkan/icd.d/lvp_icd.json', '/usr/share/vulkan/icd.d/lvp_icd.x86_64.json']

const PROGRAM = `
import { create } from 'webgpu'
const gpu = create([])
const adapter = await gpu.requestAdapter()
if (adapter) console.log(adapter.info.vendor, adapter.info.description)
process.exit(adapter ? 0 : 1)
`

/** Variables that make Vulkan use the software driver, unless the caller or MAXSIFT_GPU chose another. */
export function dawnEnvironment() {
  const driver = process.env.VK_ICD_FILENAMES ?? (process.env.MAXSIFT_GPU ? undefined : SOFTWARE.find(existsSync))
  return driver === undefined ? {} : { VK_ICD_FILENAMES: driver }
}

/** Asks in a process of its own: a driver that fails may take its process with it. */
export async function askDawn() {
  const { code, output } = await run(process.execPath, ['--input-type=module', '-e', PROGRAM], {
    env: dawnEnvironment(),
    quiet: true,
  })
  const [line] = output.split('\n').filter((line) => line && !line.startsWith('Warning:'))
  return code === 0 ? line : null
}
