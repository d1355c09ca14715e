import type { Capabilities } from '../../src/gpu/device.ts'
import type { RowForce } from '../../src/kernels/rows.ts'

/** Every variant of a row kernel that this device can run at this row length. */
export function rowVariants(columns: number, caps: Capabilities): RowForce[] {
  return [false, true]
    .filter((subgroups) => !subgroups || caps.subgroups !== null)
    .flatMap((subgroups) => [false, true].filter((vec) => !vec || columns % 4 === 0).map((vec) => ({ subgroups, vec })))
}
