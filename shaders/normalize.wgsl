// Selection + row L2 norm: out[i] = x[keep[i]] / max(‖x[keep[i]]‖, 1e-12), as torch.nn.functional.normalize.
//
//   x          (tokens, columns) f32
//   keep       (rows) u32: the rows of x that are scored
//   out        (rows, columns) f32: token vectors
//   grid       one workgroup per kept row, folded over y above 65,535 rows
//   bindings   3 storage, 1 uniform; workgroup memory ≤ 512 B
//   called by  the encoder, once, at its end
//   with       lib/value, lib/reduce
//
// Constants: LANES, KEEP, VEC, SUBGROUPS as in add_norm.

struct Params {
  rows: u32,
  columns: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Value>;
@group(0) @binding(2) var<storage, read> keep: array<u32>;
@group(0) @binding(3) var<storage, read_write> out: array<Value>;

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
  let values = params.columns / SIZE;
  let start = keep[row] * values;
  var kept: array<Value, KEEP>;
  var squares = Value();
  for (var i = 0u; i < KEEP; i++) {
    let c = i * LANES + lane;
    if (c < values) {
      kept[i] = x[start + c];
      squares += kept[i] * kept[i];
    }
  }
  let norm = sqrt(sum_over_lanes(lane, width, total(squares)));
  for (var i = 0u; i < KEEP; i++) {
    let c = i * LANES + lane;
    if (c < values) {
      out[row * values + c] = kept[i] / max(norm, 1e-12);
    }
  }
}
