/** Builds dist/ once before the tests that use the package as it is published. */
import type { TestProject } from 'vitest/node'
import { buildLibrary } from '../scripts/build.mjs'

export default async function setup({ name }: TestProject): Promise<void> {
  await buildLibrary({ types: name === 'full' })
}
