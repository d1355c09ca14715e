// Self-attention over packed sequences: out = softmax(q · kᵀ / √d) · v, for each sequence and head.
//
//   qkv       (tokens, 3 · hidden) f32: queries, keys, values of all heads, sequences one after the other
//   work      (tiles) vec4u: first token of the sequence, its length, the tile's first query row in it, and the
//             number of keys to look at (all keys after them are hidden)
//   attend    (tokens) u32: 0 hides a token as a key; as a query it is computed like any other
//   out       (tokens, hidden) f32
//   turns     only with ROTARY: (positions, 2, head dim / 2) f32: cosines, then sines of a position
//   grid      x over tiles of TILE_ROWS query rows, y over heads
//   bindings  4 storage (5 with ROTARY), 1 uniform; workgroup memory ≤ 15,744 B (TILED), else none
//   called by every encoder layer
//
// The softmax is the running one of Flash Attention (Dao et al. 2022, arXiv 2205.14135): maximum, sum and output are
// rescaled as keys come in, in f32. A row sees the keys at most `window` tokens away. A key that it does not see scores
// HIDDEN, a finite value, so that nothing depends on infinities; a row that sees none gives zeros, as PyTorch's
// scaled_dot_product_attention does.
//
// ROTARY: queries and keys are turned by their positions as they are loaded (Su et al. 2021, arXiv 2104.09864), column
// pairs being half a head apart.
//
// TILED, for GPUs: PARTS lanes share a query row. Each scores its own keys of a tile of KEYS, then accumulates its own
// columns of the output. Keys and values take turns in one piece of workgroup memory; the tile shrinks with the
// head dim, so that everything fits 16 KiB at 128. Few registers a lane, for Adreno spills early.
//
// Otherwise, for software adapters: one invocation a query row, no barriers.
//
// Constants: HEAD (head dim, even), QUADS (ceil(HEAD / 4)), VEC (HEAD is a multiple of 4, with ROTARY of 8), ROTARY, TILED, TILE_ROWS, KEYS,
// PARTS, OWN_KEYS (KEYS / PARTS), OWN_QUADS (ceil(QUADS / PARTS)).

struct Params {
  hidden: u32,
  scale: f32,
  // QUADS again, as a value: as a constant it makes some drivers unroll the inner loop until compiling takes seconds.
  quads: u32,
  // At most 2^30.
  window: u32,
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
#if ROTARY
@group(0) @binding(5) var<storage, read> turns: array<Value>;
#endif

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

// The same of a query or key, turned.
fn turned(token: u32, position: u32, part: u32, head: u32, quad: u32) -> vec4f {
#if ROTARY
#if VEC
  const half = QUADS / 2u;
  let upper = quad >= half;
  let pair = load(token, part, head, select(quad + half, quad - half, upper));
  let at = position * QUADS + quad % half;
  return load(token, part, head, quad) * turns[at] + select(-pair, pair, upper) * turns[at + half];
#else
  const half = HEAD / 2u;
  let start = (token * 3u + part) * params.hidden + head * HEAD;
  var four = vec4f();
  for (var i = 0u; i < min(4u, HEAD - quad * 4u); i++) {
    let c = quad * 4u + i;
    let upper = c >= half;
    let pair = qkv[start + select(c + half, c - half, upper)];
    let at = position * HEAD + c % half;
    four[i] = qkv[start + c] * turns[at] + select(-pair, pair, upper) * turns[at + half];
  }
  return four;
#endif
#else
  return load(token, part, head, quad);
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

// Loads `count` rows of keys or values of a sequence that begins at token `start`.
fn load_keys(lane: u32, start: u32, first: u32, count: u32, head: u32) {
  for (var i = lane; i < count * QUADS; i += LANES) {
    let key = first + i / QUADS;
    tile[i / QUADS * STRIDE + i % QUADS] = turned(start + key, key, 1u, head, i % QUADS);
  }
}

fn load_values(lane: u32, first: u32, count: u32, head: u32) {
  for (var i = lane; i < count * QUADS; i += LANES) {
    tile[i / QUADS * STRIDE + i % QUADS] = load(first + i / QUADS, 2u, head, i % QUADS);
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
      let query = entry.z + i / QUADS;
      four = turned(entry.x + query, query, 0u, head, i % QUADS) * params.scale;
    }
    queries[i / QUADS * STRIDE + i % QUADS] = four;
  }
  var maximum = HIDDEN;
  var sum = 0.0;
#for i OWN_QUADS
  var result_$i = vec4f();
#end
  let end = min(entry.w, entry.z + TILE_ROWS + params.window);
  for (var key0 = entry.z - min(entry.z, params.window); key0 < end; key0 += KEYS) {
    let count = min(KEYS, end - key0);
    load_keys(lane, entry.x, key0, count, head);
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
      let key_$j = key0 + part + $ju * PARTS;
      let distance_$j = u32(abs(i32(key_$j) - i32(entry.z + row)));
      score_$j = select(score_$j, HIDDEN, attend[entry.x + key_$j] == 0u || distance_$j > params.window);
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
    load_values(lane, entry.x + key0, count, head);
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
      store(entry.x + entry.z + row, head, part + $iu * PARTS, select(result_$i / sum, vec4f(), maximum == HIDDEN));
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
  let query_$c = turned(entry.x + row, row, 0u, head, $cu) * params.scale;
  var result_$c = vec4f();
#end
  var maximum = HIDDEN;
  var sum = 0.0;
  let end = entry.x + min(entry.w, row + 1u + params.window);
  for (var key = entry.x + row - min(row, params.window); key < end; key++) {
    var score = 0.0;
#for c QUADS
    score += dot(query_$c, turned(key, key - entry.x, 1u, head, $cu));
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
  store(entry.x + row, head, $cu, select(result_$c / sum, vec4f(), maximum == HIDDEN));
#end
}

#endif
