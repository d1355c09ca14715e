// Add + LayerNorm: out = LayerNorm(x + residual) · gamma + beta, row by row.
//
//   x, residual, out   (rows, columns) f32; `out` may be neither of the inputs
//   gamma_beta         (2, columns) f32: gamma, then beta
//   grid               one workgroup per row, folded over y above 65,535 rows
//   bindings           4 storage, 1 uniform; workgroup memory 1 KiB
//   called by          every encoder layer, twice
//
// A row is read once into registers (KEEP values a lane) and reduced twice, mean first: the one-pass
// variance E[x²] − mean² loses all its digits when the mean is large, and BERT has such columns.
//
// Constants: LANES (workgroup size, a power of two), KEEP (ceil(columns / LANES)), SUBGROUPS.

struct Params {
  rows: u32,
  columns: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> residual: array<f32>;
@group(0) @binding(3) var<storage, read> gamma_beta: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;

var<workgroup> partial: array<f32, LANES>;

fn workgroup_sum(lane: u32, value: f32) -> f32 {
  // The barrier on top keeps a second call from overwriting what a slow lane still reads.
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

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = group.y * groups.x + group.x;
  if (row >= params.rows) {
    return;
  }
  let start = row * params.columns;
  var kept: array<f32, KEEP>;
  var sum = 0.0;
  for (var i = 0u; i < KEEP; i++) {
    let column = i * LANES + lane;
    if (column < params.columns) {
      kept[i] = x[start + column] + residual[start + column];
      sum += kept[i];
    }
  }
  let mean = workgroup_sum(lane, sum) / f32(params.columns);
  var squares = 0.0;
  for (var i = 0u; i < KEEP; i++) {
    if (i * LANES + lane < params.columns) {
      let centred = kept[i] - mean;
      squares += centred * centred;
    }
  }
  let scale = inverseSqrt(workgroup_sum(lane, squares) / f32(params.columns) + params.epsilon);
  for (var i = 0u; i < KEEP; i++) {
    let column = i * LANES + lane;
    if (column < params.columns) {
      out[start + column] = (kept[i] - mean) * scale * gamma_beta[column] + gamma_beta[params.columns + column];
    }
  }
}
