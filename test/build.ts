/** Builds dist/ once before the tests that use the package as it is published. */
import { buildLibrary } from '../scripts/build.mjs'

export default async function setup(): Promise<void> {
  await buildLibrary()
}
