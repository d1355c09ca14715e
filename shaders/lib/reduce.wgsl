// Sum over the invocations of a workgroup, by subgroup operations or by a tree in workgroup memory.
//
// Needs the constants LANES (workgroup size, a power of two) and SUBGROUPS; workgroup memory LANES · 4 bytes.
// Uniform control flow only. In the subgroup variant the entry point takes @builtin(subgroup_size) as `width`, and
// consecutive invocations form a subgroup, which holds for workgroups of one dimension on all known drivers.

var<workgroup> partial: array<f32, LANES>;

#if SUBGROUPS
fn sum_over_lanes(lane: u32, width: u32, value: f32) -> f32 {
  let sum = subgroupAdd(value);
  // The barrier on top keeps a second call from overwriting what a slow lane still reads.
  workgroupBarrier();
  if (lane % width == 0u) {
    partial[lane / width] = sum;
  }
  workgroupBarrier();
  var total = 0.0;
  for (var i = 0u; i * width < LANES; i++) {
    total += partial[i];
  }
  return total;
}
#else
const width = 1u;

fn sum_over_lanes(lane: u32, width: u32, value: f32) -> f32 {
  workgroupBarrier();
  partial[lane] = value;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half) {
      partial[lane] += partial[lane + half];
    }
    workgroupBarrier();
  }
  return partial[0];
}
#endif
