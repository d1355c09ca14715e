// Token vectors → codes, in the layout of a shard (lib/codes.wgsl).
//
//   vectors    (rows, 4·quads) f32
//   shard      codes of `capacity` rows, then their scales; rows base … base + rows − 1 are written
//   grid       one invocation per row, LANES a workgroup, folded over y
//   bindings   2 storage, 1 uniform; no workgroup memory
//   called by  indexing, once a batch, after the encoder
//
// One invocation a row: there are thousands of rows a batch, and a row is too short to be worth a reduction.
// 8-bit codes are computed as in src/codec/int8.ts. The scale is a product, so it is equal bit for bit; the reciprocal
// is a division, which WGSL leaves 2.5 ULP, so a component that lies on an edge may fall to the neighbouring code.
// 16-bit codes may differ by one step too: WGSL fixes neither the rounding of pack2x16float nor its subnormals.
//
// Constants: LANES, CODE_BITS.

struct Params {
  rows: u32,
  quads: u32, // dimension / 4
  base: u32,
  capacity: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> vectors: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> shard: array<Code>;

#if CODE_BITS == 8
fn encode(row: u32, out: u32) {
  var peaks = vec4f();
  for (var i = 0u; i < params.quads; i++) {
    peaks = max(peaks, abs(vectors[row * params.quads + i]));
  }
  let largest = max(max(peaks.x, peaks.y), max(peaks.z, peaks.w));
  var scale = 0.0;
  var inverse = 0.0;
  // A smaller vector counts as zero: its reciprocal would leave the range of f32.
  if (largest >= 1e-30) {
    scale = largest * (1.0 / 127.0);
    inverse = 127.0 / largest;
  }
  for (var i = 0u; i < params.quads; i++) {
    let rounded = clamp(round(vectors[row * params.quads + i] * inverse), vec4f(-127.0), vec4f(127.0));
    let bytes = bitcast<vec4u>(vec4i(rounded)) & vec4u(0xffu);
    shard[out * params.quads + i] = bytes.x | (bytes.y << 8u) | (bytes.z << 16u) | (bytes.w << 24u);
  }
  shard[params.capacity * params.quads + out] = bitcast<u32>(scale);
}
#elif CODE_BITS == 16
fn encode(row: u32, out: u32) {
  for (var i = 0u; i < params.quads; i++) {
    // Beyond the range of halves the result of packing would be indeterminate.
    let v = clamp(vectors[row * params.quads + i], vec4f(-65504.0), vec4f(65504.0));
    shard[out * params.quads + i] = vec2u(pack2x16float(v.xy), pack2x16float(v.zw));
  }
}
#else
fn encode(row: u32, out: u32) {
  for (var i = 0u; i < params.quads; i++) {
    shard[out * params.quads + i] = bitcast<vec4u>(vectors[row * params.quads + i]);
  }
}
#endif

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let row = (group.y * groups.x + group.x) * LANES + lane;
  if (row < params.rows) {
    encode(row, params.base + row);
  }
}
