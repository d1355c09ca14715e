// Query vectors → two signed bytes a component: x ≈ scale · (254 · high + low), off by at most half a scale, which is
// 1/64516 of the row's largest component.
//
//   vectors    (queries, rows, 4·quads) f32
//   codes      (queries, tiles of 32 rows, 2·quads + 1, 32) u32: by columns, as MaxSim takes them through workgroup
//              memory; column 2·i holds four high bytes a row, 2·i + 1 four low ones, the last one the scales, as f32.
//              Rows beyond the query are zero
//   grid       (tiles, 1, queries), one invocation a row
//   bindings   2 storage, 1 uniform; no workgroup memory
//   called by  a search whose MaxSim multiplies integers, once
//
// One invocation a row: a query is short, and this is one dispatch of fifty.
//
// Constants: LANES = 32.

struct Params {
  rows: u32,
  quads: u32, // dimension / 4
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> vectors: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> codes: array<u32>;

fn pack(values: vec4f) -> u32 {
  let bytes = bitcast<vec4u>(vec4i(clamp(values, vec4f(-127.0), vec4f(127.0)))) & vec4u(0xffu);
  return bytes.x | (bytes.y << 8u) | (bytes.z << 16u) | (bytes.w << 24u);
}

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let quads = params.quads;
  let row = group.x * LANES + lane;
  let out = (group.z * groups.x + group.x) * (2u * quads + 1u) * LANES + lane;
  let first = (group.z * params.rows + min(row, params.rows - 1u)) * quads;
  var peaks = vec4f();
  for (var i = 0u; i < quads; i++) {
    peaks = max(peaks, abs(vectors[first + i]));
  }
  let largest = max(max(peaks.x, peaks.y), max(peaks.z, peaks.w));
  var scale = 0.0;
  var inverse = 0.0;
  // A smaller vector counts as zero: its reciprocal would leave the range of f32.
  if (row < params.rows && largest >= 1e-30) {
    scale = largest * (1.0 / 32258.0);
    inverse = 127.0 / largest;
  }
  for (var i = 0u; i < quads; i++) {
    let x = vectors[first + i] * inverse;
    let high = round(x);
    codes[out + 2u * i * LANES] = pack(high);
    codes[out + (2u * i + 1u) * LANES] = pack(round((x - high) * 254.0));
  }
  codes[out + 2u * quads * LANES] = bitcast<u32>(scale);
}
