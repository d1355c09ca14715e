// Self-attention over packed sequences: out = softmax(q · kᵀ / √d) · v, for each sequence and head.
//
//   qkv       (tokens, 3 · hidden) f32: queries, keys, values of all heads, sequences one after the other
//   work      (tiles) vec4u: first token of the sequence, its length, the tile's first query row in it, and the
//             number of keys to look at (all keys after them are hidden)
//   attend    (tokens) u32: 0 hides a token as a key; as a query it is computed like any other
//   out       (tokens, hidden) f32
//   grid      x over tiles of TILE_ROWS query rows, y over heads
//   bindings  4 storage, 1 uniform; workgroup memory ≤ 15,744 B (TILED), else none
//   called by every encoder layer
//
// The softmax is the running one of Flash Attention (Dao et al. 2022, arXiv 2205.14135): maximum, sum and output are
// rescaled as keys come in, in f32. A hidden key scores HIDDEN, a finite value, so that a sequence without any
// visible key gives the mean of its values, as PyTorch does, and nothing depends on infinities.
//
// TILED, for GPUs: PARTS lanes share a query row. Each scores its own keys of a tile of KEYS, then accumulates its own
// columns of the output. Keys and values take turns in one piece of workgroup memory; the tile shrinks with the
// head dim, so that everything fits 16 KiB at 128. Few registers a lane, for Adreno spills early.
//
// Otherwise, for software adapters: one invocation a query row, no barriers.
//
// Constants: HEAD (head dim, even), QUADS (ceil(HEAD / 4)), VEC (HEAD is a multiple of 4), TILED, TILE_ROWS, KEYS,
// PARTS, OWN_KEYS (KEYS / PARTS), OWN_QUADS (ceil(QUADS / PARTS)).

struct Params {
  hidden: u32,
  scale: f32,
  // QUADS again, as a value: as a constant it makes some drivers unroll the inner loop until compiling takes seconds.
  quads: u32,
}

#if VEC
alias Value = vec4f;
#else
alias Value = f32;
#endif

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> qkv: array<Value>;
@group(0) @binding(2) var<storage, read> work: array<vec4u>;
@group(0) @binding(3) var<storage, read> attend: array<u32>;
@group(0) @binding(4) var<storage, read_write> out: array<Value>;

const HIDDEN = -1e30;

// Four columns of a head's query (part 0), key (1) or value (2); zeros beyond the head.
fn load(token: u32, part: u32, head: u32, quad: u32) -> vec4f {
  let at = (token * 3u + part) * params.hidden + head * HEAD + quad * 4u;
#if VEC
  return qkv[at / 4u];
#else
  // The head dim is even: its last four may be a pair.
  if (quad * 4u + 2u >= HEAD) {
    return vec4f(qkv[at], qkv[at + 1u], 0.0, 0.0);
  }
  return vec4f(qkv[at], qkv[at + 1u], qkv[at + 2u], qkv[at + 3u]);
#endif
}

fn store(token: u32, head: u32, quad: u32, four: vec4f) {
  let at = token * params.hidden + head * HEAD + quad * 4u;
#if VEC
  out[at / 4u] = four;
#else
  out[at] = four.x;
  out[at + 1u] = four.y;
  if (quad * 4u + 2u < HEAD) {
    out[at + 2u] = four.z;
    out[at + 3u] = four.w;
  }
#endif
}

#if TILED

const LANES = TILE_ROWS * PARTS;
// Odd, so that neighbouring rows begin in different banks.
const STRIDE = QUADS | 1u;

var<workgroup> queries: array<vec4f, TILE_ROWS * STRIDE>;
var<workgroup> tile: array<vec4f, KEYS * STRIDE>;
var<workgroup> shares: array<f32, TILE_ROWS * (KEYS + 1u)>;
var<workgroup> maxima: array<f32, LANES>;

// Loads `count` rows of keys (1) or values (2).
fn load_tile(lane: u32, first: u32, count: u32, part: u32, head: u32) {
  for (var i = lane; i < count * QUADS; i += LANES) {
    tile[i / QUADS * STRIDE + i % QUADS] = load(first + i / QUADS, part, head, i % QUADS);
  }
}

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let entry = work[group.x];
  let head = group.y;
  let row = lane / PARTS;
  let part = lane % PARTS;
  let rows = min(TILE_ROWS, entry.y - entry.z);
  for (var i = lane; i < TILE_ROWS * QUADS; i += LANES) {
    var four = vec4f();
    if (i / QUADS < rows) {
      four = load(entry.x + entry.z + i / QUADS, 0u, head, i % QUADS) * params.scale;
    }
    queries[i / QUADS * STRIDE + i % QUADS] = four;
  }
  var maximum = HIDDEN;
  var sum = 0.0;
#for i OWN_QUADS
  var result_$i = vec4f();
#end
  for (var key0 = 0u; key0 < entry.w; key0 += KEYS) {
    let count = min(KEYS, entry.w - key0);
    load_tile(lane, entry.x + key0, count, 1u, head);
    workgroupBarrier();
#for j OWN_KEYS
    var score_$j = 0.0;
#end
    for (var c = 0u; c < params.quads; c++) {
      let query = queries[row * STRIDE + c];
#for j OWN_KEYS
      score_$j += dot(query, tile[(part + $ju * PARTS) * STRIDE + c]);
#end
    }
    var own = maximum;
#for j OWN_KEYS
    if (part + $ju * PARTS < count) {
      score_$j = select(score_$j, HIDDEN, attend[entry.x + key0 + part + $ju * PARTS] == 0u);
      own = max(own, score_$j);
    }
#end
    maxima[lane] = own;
    workgroupBarrier();
    let before = maximum;
    for (var i = 0u; i < PARTS; i++) {
      maximum = max(maximum, maxima[row * PARTS + i]);
    }
#for j OWN_KEYS
    shares[row * (KEYS + 1u) + part + $ju * PARTS] = exp(score_$j - maximum);
#end
    load_tile(lane, entry.x + key0, count, 2u, head);
    workgroupBarrier();
    let keep = exp(before - maximum);
    sum *= keep;
#for i OWN_QUADS
    result_$i *= keep;
#end
    for (var key = 0u; key < count; key++) {
      let share = shares[row * (KEYS + 1u) + key];
      sum += share;
#for i OWN_QUADS
      // Beyond QUADS this reads some other row; it is never stored.
      result_$i += share * tile[min(key * STRIDE + part + $iu * PARTS, KEYS * STRIDE - 1u)];
#end
    }
    // The next tile overwrites what a slow lane still reads.
    workgroupBarrier();
  }
  if (row < rows) {
#for i OWN_QUADS
    if (part + $iu * PARTS < QUADS) {
      store(entry.x + entry.z + row, head, part + $iu * PARTS, result_$i / sum);
    }
#end
  }
}

#else

@compute @workgroup_size(TILE_ROWS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let entry = work[group.x];
  let head = group.y;
  let row = entry.z + lane;
  if (row >= entry.y) {
    return;
  }
#for c QUADS
  let query_$c = load(entry.x + row, 0u, head, $cu) * params.scale;
  var result_$c = vec4f();
#end
  var maximum = HIDDEN;
  var sum = 0.0;
  for (var key = entry.x; key < entry.x + entry.w; key++) {
    var score = 0.0;
#for c QUADS
    score += dot(query_$c, load(key, 1u, head, $cu));
#end
    score = select(score, HIDDEN, attend[key] == 0u);
    if (score > maximum) {
      let keep = exp(maximum - score);
      maximum = score;
      sum *= keep;
#for c QUADS
      result_$c *= keep;
#end
    }
    let share = exp(score - maximum);
    sum += share;
#for c QUADS
    result_$c += share * load(key, 2u, head, $cu);
#end
  }
#for c QUADS
  store(entry.x + row, head, $cu, result_$c / sum);
#end
}

#endif
