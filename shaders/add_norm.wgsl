// Add + LayerNorm: out = LayerNorm(x + residual) · gamma + beta, row by row.
//
//   x, residual, out   (rows, columns) f32; `out` may be neither of the inputs
//   affine             (2, columns) f32: gamma, then beta
//   grid               one workgroup per row, folded over y above 65,535 rows
//   bindings           4 storage, 1 uniform; workgroup memory ≤ 512 B
//   called by          every encoder layer, twice
//   with               lib/value, lib/reduce, lib/layer_norm
//
// Constants: LANES (workgroup size), KEEP (values a lane), VEC (columns are a multiple of 4), SUBGROUPS.

struct Params {
  rows: u32,
  columns: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Value>;
@group(0) @binding(2) var<storage, read> residual: array<Value>;
@group(0) @binding(3) var<storage, read> affine: array<Value>;
@group(0) @binding(4) var<storage, read_write> out: array<Value>;

fn load(row: u32, c: u32) -> Value {
  let i = row * (params.columns / SIZE) + c;
  return x[i] + residual[i];
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
