// Selection + row L2 norm: out[i] = x[keep[i]] / max(‖x[keep[i]]‖, 1e-12), as torch.nn.functional.normalize.
//
//   x          (tokens, columns) f32
//   keep       (rows) u32: the rows of x that are scored; with MEAN vec2u: first and end of a run of rows, the mean of
//              which takes the place of x[keep[i]]
//   out        (rows, columns) f32: token vectors, of length 1 with UNIT
//   grid       one workgroup per kept row, folded over y above 65,535 rows
//   bindings   3 storage, 1 uniform; workgroup memory ≤ 512 B
//   called by  the encoder, once, at its end; of single-vector models with projections, before these as well
//   with       lib/value, lib/reduce
//
// Constants: LANES, KEEP, VEC, SUBGROUPS as in add_norm; MEAN, UNIT.

struct Params {
  rows: u32,
  columns: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Value>;
#if MEAN
@group(0) @binding(2) var<storage, read> keep: array<vec2u>;
#else
@group(0) @binding(2) var<storage, read> keep: array<u32>;
#endif
@group(0) @binding(3) var<storage, read_write> out: array<Value>;

fn load(row: u32, c: u32) -> Value {
  let values = params.columns / SIZE;
#if MEAN
  let run = keep[row];
  var sum = Value();
  for (var i = run.x; i < run.y; i++) {
    sum += x[i * values + c];
  }
  return sum / f32(run.y - run.x);
#else
  return x[keep[row] * values + c];
#endif
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
  let values = params.columns / SIZE;
  var kept: array<Value, KEEP>;
  var squares = Value();
  for (var i = 0u; i < KEEP; i++) {
    let c = i * LANES + lane;
    if (c < values) {
      kept[i] = load(row, c);
      squares += kept[i] * kept[i];
    }
  }
#if UNIT
  let norm = max(sqrt(sum_over_lanes(lane, width, total(squares))), 1e-12);
#else
  let norm = 1.0;
#endif
  for (var i = 0u; i < KEEP; i++) {
    let c = i * LANES + lane;
    if (c < values) {
      out[row * values + c] = kept[i] / norm;
    }
  }
}
