// LayerNorm of one row by one workgroup: out = (x − mean) / √(variance + epsilon) · gamma + beta.
//
// The kernel defines `load(row, i) -> Value`, the i-th value of the row to normalise, `params.columns`,
// `params.epsilon`, `affine` (gamma, then beta) and `out`. A Value is 4 columns (VEC) or one.
//
// A row is read once into registers (KEEP values a lane) and reduced twice, mean first: the one-pass
// variance E[x²] − mean² loses all its digits when the mean is large, and BERT has such columns.

fn layer_norm(row: u32, lane: u32, width: u32) {
  let values = params.columns / SIZE;
  var kept: array<Value, KEEP>;
  var sum = Value();
  for (var i = 0u; i < KEEP; i++) {
    let c = i * LANES + lane;
    if (c < values) {
      kept[i] = load(row, c);
      sum += kept[i];
    }
  }
  let mean = sum_over_lanes(lane, width, total(sum)) / f32(params.columns);
  var squares = Value();
  for (var i = 0u; i < KEEP; i++) {
    if (i * LANES + lane < values) {
      let centred = kept[i] - Value(mean);
      squares += centred * centred;
    }
  }
  let variance = sum_over_lanes(lane, width, total(squares)) / f32(params.columns);
  let scale = inverseSqrt(variance + params.epsilon);
  for (var i = 0u; i < KEEP; i++) {
    let c = i * LANES + lane;
    if (c < values) {
      out[row * values + c] = (kept[i] - Value(mean)) * scale * affine[c] + affine[values + c];
    }
  }
}
