import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { count } from './counts.ts'
import { openDevice } from './device.ts'
import { measureRoofline, type Roofline } from './roofline.ts'

export interface Report {
  adapter: string
  backend: string
  versions: Record<string, string>
  commit: string
  date: string
  roofline: Roofline
  counts: Record<string, number>
  results: Result[]
}

export interface Result {
  workload: string
  impl: string
  unit: string
  median: number
  min: number
  max: number
  n: number
  /** Whether the output was compared with the reference. */
  checked: boolean
}

export async function bench({ quick, software }: { quick: boolean; software: boolean }): Promise<Report> {
  const device = await openDevice(software)
  try {
    return {
      adapter: device.caps.adapter,
      backend: 'Dawn in Node',
      versions: { node: process.version, webgpu: versionOf('webgpu'), maxsift: versionOf('..') },
      commit: commit(),
      date: new Date().toISOString(),
      roofline: await measureRoofline(device, quick),
      counts: await count(device, { layers: 6, hidden: 384, heads: 12, dim: 96 }),
      results: [],
    }
  } finally {
    device.destroy()
  }
}

function versionOf(name: string): string {
  return JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')).version
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  } catch {
    return 'unknown'
  }
}
