/** The device of a benchmark in Node: Dawn over this machine's GPU, or over its software driver. */
import { existsSync } from 'node:fs'
import { Device } from '../src/gpu/device.ts'

const SOFTWARE = ['/usr/share/vulkan/icd.d/lvp_icd.json', '/usr/share/vulkan/icd.d/lvp_icd.x86_64.json']

/** @param software forces the software driver even where there is a GPU */
export async function openDevice(software: boolean): Promise<Device> {
  if (software) process.env.VK_ICD_FILENAMES ??= SOFTWARE.find(existsSync)
  const { create } = await import('webgpu')
  return Device.open({ gpu: create([]) })
}
