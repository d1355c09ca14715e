import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { MaxsiftError } from '../errors.ts'

// Dawn aborts the process when what `create` returned is collected while a device of it lives, so it is kept for good.
// It does not keep the process from ending.
let entry: Promise<GPU> | null = null

/**
 * WebGPU outside a browser: Dawn, by the optional npm package `webgpu`.
 * @throws MaxsiftError `WEBGPU_UNAVAILABLE`: `no-api` without the package, `no-adapter` without a driver.
 */
export async function nodeGpu(): Promise<GPU> {
  entry ??= load()
  const gpu = await entry.catch((error) => {
    entry = null // It may be installed by the next call.
    throw error
  })
  if (await gpu.requestAdapter().catch(() => null)) return gpu
  throw new MaxsiftError('WEBGPU_UNAVAILABLE', 'No GPU adapter was found on this computer.', {
    reason: 'no-adapter',
    remedy:
      process.platform === 'linux'
        ? "Install a Vulkan driver: the one of the GPU's vendor, or Mesa of 2024 or later, which also runs without a GPU " +
          '(Debian, Ubuntu: apt install mesa-vulkan-drivers).'
        : "Update the graphics driver from the GPU's vendor.",
  })
}

async function load(): Promise<GPU> {
  const path = locate()
  try {
    const { create } = await import(/* @vite-ignore */ pathToFileURL(path).href)
    return create([])
  } catch (cause) {
    throw new MaxsiftError('WEBGPU_UNAVAILABLE', `The package webgpu cannot be loaded: ${(cause as Error).message}.`, {
      cause,
      reason: 'no-api',
      remedy: `Install it anew with \`npm install webgpu\`; it runs on Linux, macOS and Windows, here is ${process.platform}-${process.arch}.`,
    })
  }
}

/** Beside this package, else from the current folder: `npx maxsift` runs from a cache that knows nothing of the latter. */
function locate(): string {
  for (const from of [import.meta.url, join(process.cwd(), 'package.json')]) {
    try {
      return createRequire(from).resolve('webgpu')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error
    }
  }
  throw new MaxsiftError(
    'WEBGPU_UNAVAILABLE',
    'In Node the GPU is used through the package webgpu, which is missing.',
    {
      reason: 'no-api',
      remedy: 'Install it: npm install webgpu',
    },
  )
}
