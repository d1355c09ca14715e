// MaxSim as one would write it first: the similarity matrix in memory, then a reduction. A peer of shaders/maxsim.wgsl
// over the same shard.
//
//   MATRIX   one invocation a query row and token: matrix[row][token] = query · token
//   else     one invocation a passage: the sum of the maxima of its columns
//
// Tokens first … first + tokens − 1 and the passages within them at a time: all of them would not fit a buffer.

struct Params {
  rows: u32,
  quads: u32, // dimension / 4
  capacity: u32,
  first: u32,
  tokens: u32,
  passage: u32,
  passages: u32,
}

@group(0) @binding(0) var<uniform> params: Params;

#if MATRIX
@group(0) @binding(1) var<storage, read> query: array<vec4f>;
@group(0) @binding(2) var<storage, read> shard: array<Code>;
@group(0) @binding(3) var<storage, read_write> matrix: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let column = group.x * 64u + lane;
  if (column >= params.tokens) {
    return;
  }
  let row = group.y;
  let token = params.first + column;
  var sum = 0.0;
  for (var i = 0u; i < params.quads; i++) {
    sum += dot(query[row * params.quads + i], unpack(shard[token * params.quads + i]));
  }
#if CODE_BITS == 8
  sum *= bitcast<f32>(shard[params.capacity * params.quads + token]);
#endif
  matrix[row * params.tokens + column] = sum;
}
#else
@group(0) @binding(1) var<storage, read> matrix: array<f32>;
@group(0) @binding(2) var<storage, read> passages: array<vec2u>; // first token, tokens
@group(0) @binding(3) var<storage, read_write> scores: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.passages) {
    return;
  }
  let passage = passages[params.passage + id.x];
  var sum = 0.0;
  for (var row = 0u; row < params.rows; row++) {
    let start = row * params.tokens + passage.x - params.first;
    var highest = matrix[start];
    for (var i = 1u; i < passage.y; i++) {
      highest = max(highest, matrix[start + i]);
    }
    sum += highest;
  }
  scores[params.passage + id.x] = sum;
}
#endif
