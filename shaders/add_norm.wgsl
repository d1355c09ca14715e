// Add + LayerNorm: out = LayerNorm(Σ x + residual) · gamma + beta, row by row.
//
//   x                  (parts, rows, columns) f32, which are added up; of 0 parts none is read
//   residual, out      (rows, columns) f32; `out` may be neither of the inputs
//   affine             (2, columns) f32: gamma, then beta
//   sums               only with SUMS: (rows, columns) f32, what is normalised: the next residual of an encoder with pre-norm
//   grid               one workgroup per row, folded over y above 65,535 rows
//   bindings           4 storage (5 with SUMS), 1 uniform; workgroup memory ≤ 512 B
//   called by          every encoder layer, twice; a projection with a norm
//   with               lib/value, lib/reduce, lib/layer_norm
//
// Constants: LANES (workgroup size), KEEP (values a lane), VEC (columns are a multiple of 4), SUBGROUPS, SUMS.

struct Params {
  rows: u32,
  columns: u32,
  epsilon: f32,
  parts: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Value>;
@group(0) @binding(2) var<storage, read> residual: array<Value>;
@group(0) @binding(3) var<storage, read> affine: array<Value>;
@group(0) @binding(4) var<storage, read_write> out: array<Value>;
#if SUMS
@group(0) @binding(5) var<storage, read_write> sums: array<Value>;
#endif

fn load(row: u32, c: u32) -> Value {
  let i = row * (params.columns / SIZE) + c;
  var sum = residual[i];
  for (var part = 0u; part < params.parts; part++) {
    sum += x[part * params.rows * (params.columns / SIZE) + i];
  }
#if SUMS
  // Each value is loaded once.
  sums[i] = sum;
#endif
  return sum;
}

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
#if SUBGROUPS
  @builtin(subgroup_size) width: u32,
#endif
) {
  let row = group.y * groups.x + group.x;
  if (row >= params.rows) {
    return;
  }
  layer_norm(row, lane, width);
}
