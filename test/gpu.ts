import { afterAll } from 'vitest'
import { Device, type DeviceOptions } from '../src/gpu/device.ts'

declare const process: { versions?: { node?: string }; env: Record<string, string | undefined> } | undefined

const inNode = typeof navigator === 'undefined' || !('gpu' in navigator)

let entry: Promise<GPU | null> | undefined

/** The WebGPU entry of this test run: the page's, or Dawn's in Node. Null where there is none. */
export function gpuEntry(): Promise<GPU | null> {
  entry ??= inNode ? nodeEntry() : Promise.resolve(navigator.gpu)
  return entry
}

async function nodeEntry(): Promise<GPU | null> {
  const { existsSync } = await import('node:fs')
  const env = process!.env
  // The software driver is forced: test results must not depend on the machine's GPU.
  env.VK_ICD_FILENAMES ??= [
    '/usr/share/vulkan/icd.d/lvp_icd.json',
    '/usr/share/vulkan/icd.d/lvp_icd.x86_64.json',
    '/usr/lib/chromium/vk_swiftshader_icd.json',
  ].find(existsSync)
  try {
    const { create } = await import('webgpu')
    const gpu = create([])
    return (await gpu.requestAdapter()) ? gpu : null
  } catch {
    return null
  }
}

/** Why GPU tests do not run here, or null when they do. */
export async function gpuMissing(): Promise<string | null> {
  const gpu = await gpuEntry()
  if (gpu && (await gpu.requestAdapter())) return null
  return inNode ? 'the webgpu package or a Vulkan driver is missing' : 'this browser gives no WebGPU adapter'
}

/**
 * A device that lives until the end of the test file, with the limits that every WebGPU device has. Without options it is
 * the same each time, to be left as it is: a software adapter is slow to compile a pipeline, and a device does so once.
 */
export function openDevice(options?: DeviceOptions): Promise<Device> {
  if (options) return openOther(options)
  plain ??= openOther({})
  return plain
}

async function openOther(options: DeviceOptions): Promise<Device> {
  const gpu = await gpuEntry()
  const device = await Device.open({ gpu: gpu!, limits: 'default', ...options })
  device.gpu.addEventListener('uncapturederror', (event) => {
    throw new Error(`WebGPU: ${(event as GPUUncapturedErrorEvent).error.message}`)
  })
  devices.push(device)
  return device
}

const devices: Device[] = []
let plain: Promise<Device> | undefined
afterAll(() => {
  for (const device of devices.splice(0)) device.destroy()
})
