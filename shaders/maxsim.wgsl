// MaxSim of queries against one shard: score(passage) = Σ over query rows of max over the passage's token vectors of
// their dot product. The similarity matrix is never written.
//
//   query      (queries, rows, 4·quads) f32, 1 ≤ rows ≤ 512; a row of zeros changes no score. INTEGER: see `split`
//   shard      codes of `capacity` token vectors, then their scales (lib/codes.wgsl)
//   slices     (slices) of { row, rows, target, document }: a whole passage, whose score goes to scores[target], or
//              with the top bit of target a slice of a long one, whose maxima go to partials[target][0 … params.rows)
//   alive      one bit a document: a passage of any other costs nothing, and its score is not written
//   scores     (queries, passages) f32; NONE for a passage without token vectors
//   partials   (queries, slots, rows) f32, for the kernel `merge`
//   grid       TILED: one workgroup per slice; else one invocation per slice, LANES a workgroup; folded over y;
//              z: queries
//   bindings   6 storage, 1 uniform; workgroup memory 8 KiB (TILED), else none
//   called by  every search, once a shard; with several queries by `score`
//   with       lib/decode, lib/codes
//
// Maxima are compared after scaling: scales differ from token to token. Rows and tokens beyond the end repeat the last
// one or are zero, whatever changes no result, so that inner loops have no conditions.
//
// TILED, for GPUs: the query goes through workgroup memory in tiles of 32 rows × 64 dimensions. Each lane holds TOKENS
// token vectors at a time, 32 dot products of each and 32 maxima in registers; lanes are merged once per 32 rows. The tile
// is stored by columns: four rows take one vec4 multiply-add a component, and all lanes read the same address. Where
// workgroup memory gives 128 B a clock, four of five clocks go into reading the tile for one token, half for two.
//
// INTEGER, for GPUs with dot products of bytes in hardware: the codes stay as they are and meet a query of two bytes a
// component, high · 254 + low: two `dot4I8Packed` take the place of four multiply-adds, and half of the tile is read.
// Sums of products are exact. Over Cranfield with 150 queries, scores move by at most 7e-5 and no order of ten hits
// changes; with one byte a component it is 0.024, half of what int8 codes themselves cost, and 14 orders.
//
// Otherwise, for software adapters: no barrier and no workgroup memory. One invocation scores a slice, PER · WIDTH rows ×
// FOURS fours of tokens at a time. There a load of one value for all lanes costs one for each lane: with SUBGROUPS each
// loads other rows of the query, and they broadcast them to each other.
//
// Constants: TILED, CODE_BITS; TILED: LANES ≤ 64 (their maxima fill the tile exactly), TOKENS, FOURS = 8 (4 rows each),
// COMPONENTS = 4, SUBGROUPS; else LANES, FOURS, SUBGROUPS, PER rows that a lane loads, WIDTH lanes with
// other ones (at most the smallest subgroup; 1 without SUBGROUPS). INTEGER: TILED, CODE_BITS = 8, TOKENS = 1.
// The dimension is a parameter: drivers unroll loops of constant length, and took ten times as long to compile.

struct Params {
  rows: u32,
  quads: u32, // dimension / 4
  slices: u32,
  capacity: u32,
  passages: u32, // of all shards
  slots: u32,
}

// Four rows of a column, or four columns of a row.
#if INTEGER
alias Four = vec4u;
#else
alias Four = vec4f;
#endif

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> query: array<Four>;
@group(0) @binding(2) var<storage, read> shard: array<Code>;
@group(0) @binding(3) var<storage, read> slices: array<vec4u>;
@group(0) @binding(4) var<storage, read> alive: array<u32>;
@group(0) @binding(5) var<storage, read_write> scores: array<f32>;
@group(0) @binding(6) var<storage, read_write> partials: array<f32>;

// Below every score, yet finite: WGSL does not promise infinities.
const NONE = -3.4e38;
const PARTIAL = 0x80000000u;

fn is_alive(document: u32) -> bool {
  return ((alive[document / 32u] >> (document % 32u)) & 1u) == 1u;
}

#if TILED

const ROWS = 4u * FOURS;

fn higher(a: Four, b: Four) -> Four {
  return bitcast<Four>(max(bitcast<vec4f>(a), bitcast<vec4f>(b)));
}

#if INTEGER
const DEPTH = 32u; // quads of a tile
var<workgroup> tile: array<Four, 2u * DEPTH * FOURS>; // (DEPTH, high and low, FOURS)

// Puts quads start … start + 31 of the rows whose tile begins at `at` there.
fn load_tile(lane: u32, at: u32, start: u32) {
  workgroupBarrier();
  let end = 2u * FOURS * min(DEPTH, params.quads - start);
  for (var i = lane; i < end; i += LANES) {
    tile[i] = query[at + 2u * FOURS * start + i];
  }
  workgroupBarrier();
}

// Of four rows with one token vector, four components each.
fn dots(rows: vec4u, code: u32) -> vec4i {
  return vec4i(
    dot4I8Packed(rows.x, code),
    dot4I8Packed(rows.y, code),
    dot4I8Packed(rows.z, code),
    dot4I8Packed(rows.w, code),
  );
}
#else
const DEPTH = 16u; // quads of a tile
var<workgroup> tile: array<Four, DEPTH * ROWS>; // (DEPTH, COMPONENTS, FOURS)

// Puts query rows first … first + 31, of which the query at `at` has some, quads start … start + 15 into the tile. Rows
// beyond the query become zero: so does their maximum, which adds nothing.
fn load_tile(lane: u32, at: u32, first: u32, start: u32) {
  workgroupBarrier();
  for (var i = lane; i < DEPTH * FOURS; i += LANES) {
    let quad = start + i / FOURS;
    let row = first + i % FOURS * 4u;
    var four: mat4x4f;
    for (var r = 0u; r < 4u; r++) {
      if (quad < params.quads && row + r < params.rows) {
        four[r] = query[at + (row + r) * params.quads + quad];
      }
    }
    let columns = transpose(four);
    for (var c = 0u; c < 4u; c++) {
      tile[i / FOURS * ROWS + c * FOURS + i % FOURS] = columns[c];
    }
  }
  workgroupBarrier();
}
#endif

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
#if SUBGROUPS
  @builtin(subgroup_size) width: u32,
#endif
) {
  let index = group.y * groups.x + group.x;
  if (index >= params.slices) {
    return;
  }
  let slice = slices[index];
  let goal = slice.z;
  if (!is_alive(slice.w)) {
    return;
  }
  if (slice.y == 0u) {
    if (lane == 0u) {
      scores[group.z * params.passages + goal] = NONE;
    }
    return;
  }
  let quads = params.quads;
  var sum = 0.0;
  for (var first = 0u; first < params.rows; first += ROWS) {
#for v FOURS
    var m_$v = vec4f(NONE);
#end
#if INTEGER
    // A tile of `split`: two columns a quad, and one of scales.
    let span = (2u * quads + 1u) * FOURS;
    let asked = (group.z * ((params.rows + ROWS - 1u) / ROWS) + first / ROWS) * span;
    for (var t = 0u; t < slice.y; t += LANES) {
      let token = slice.x + min(t + lane, slice.y - 1u);
#for v FOURS
      var high_$v = vec4i();
      var low_$v = vec4i();
#end
      for (var start = 0u; start < quads; start += DEPTH) {
        // A query of at most 128 dimensions fits one tile, which then serves all tokens.
        if (t == 0u || quads > DEPTH) {
          load_tile(lane, asked, start);
        }
        let depth = min(DEPTH, quads - start);
        for (var i = 0u; i < depth; i++) {
          let code = shard[token * quads + start + i];
          let at = 2u * FOURS * i;
#for v FOURS
          high_$v += dots(tile[at + $vu], code);
          low_$v += dots(tile[at + FOURS + $vu], code);
#end
        }
      }
      let scale = bitcast<f32>(shard[params.capacity * quads + token]);
#for v FOURS
      m_$v = max(m_$v, (254.0 * vec4f(high_$v) + vec4f(low_$v)) * scale);
#end
    }
#for v FOURS
    m_$v *= bitcast<vec4f>(query[asked + 2u * FOURS * quads + $vu]);
#end
#else
    let asked = group.z * params.rows * quads;
    for (var t = 0u; t < slice.y; t += LANES * TOKENS) {
#for k TOKENS
      let token_$k = slice.x + min(t + $ku * LANES + lane, slice.y - 1u);
#for v FOURS
      var a_$k_$v = vec4f();
#end
#end
      for (var start = 0u; start < quads; start += DEPTH) {
        // A query of at most 64 dimensions fits one tile, which then serves all tokens.
        if (t == 0u || quads > DEPTH) {
          load_tile(lane, asked, first, start);
        }
        let depth = min(DEPTH, quads - start);
        for (var i = 0u; i < depth; i++) {
#for k TOKENS
          let d_$k = unpack(shard[token_$k * quads + start + i]);
#end
          let at = i * ROWS;
#for c COMPONENTS
#for v FOURS
          let q_$c_$v = tile[at + $cu * FOURS + $vu];
#for k TOKENS
          a_$k_$v += q_$c_$v * d_$k[$c];
#end
#end
#end
        }
      }
#for k TOKENS
#if CODE_BITS == 8
      let scale_$k = bitcast<f32>(shard[params.capacity * quads + token_$k]);
#else
      let scale_$k = 1.0;
#endif
#for v FOURS
      m_$v = max(m_$v, a_$k_$v * scale_$k);
#end
#end
    }
#endif
    // From here the tile holds maxima: FOURS a lane or subgroup, then FOURS in all.
    workgroupBarrier();
#if SUBGROUPS
#for v FOURS
    m_$v = subgroupMax(m_$v);
#end
    let writes = lane % width == 0u;
    let at = lane / width * FOURS;
#else
    let writes = true;
    let at = lane * FOURS;
#endif
    if (writes) {
#for v FOURS
      tile[at + $vu] = bitcast<Four>(m_$v);
#end
    }
    workgroupBarrier();
#if SUBGROUPS
    if (lane < FOURS) {
      for (var i = lane + FOURS; i * width < LANES * FOURS; i += FOURS) {
        tile[lane] = higher(tile[lane], tile[i]);
      }
    }
    workgroupBarrier();
#else
    for (var half = LANES * FOURS / 2u; half >= FOURS; half /= 2u) {
      for (var i = lane; i < half; i += LANES) {
        tile[i] = higher(tile[i], tile[i + half]);
      }
      workgroupBarrier();
    }
#endif
    if (goal >= PARTIAL) {
      let slot = group.z * params.slots + goal - PARTIAL;
      if (lane < ROWS && first + lane < params.rows) {
        partials[slot * params.rows + first + lane] = bitcast<vec4f>(tile[lane / 4u])[lane % 4u];
      }
    } else if (lane == 0u) {
      for (var i = 0u; i < FOURS; i++) {
        sum += dot(bitcast<vec4f>(tile[i]), vec4f(1.0));
      }
    }
  }
  if (goal < PARTIAL && lane == 0u) {
    scores[group.z * params.passages + goal] = sum;
  }
}

#else

const ROWS = PER * WIDTH;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
#if SUBGROUPS
  @builtin(subgroup_invocation_id) place: u32,
#endif
) {
  let base = (group.y * groups.x + group.x) * LANES;
  if (base >= params.slices) {
    return;
  }
#if SUBGROUPS
  // All go as far as the one with most to do: what a lane loads, others need.
  let slice = slices[min(base + lane, params.slices - 1u)];
  let wanted = base + lane < params.slices && is_alive(slice.w);
  var most = 0u;
  for (var i = base; i < min(base + LANES, params.slices); i++) {
    if (is_alive(slices[i].w)) {
      most = max(most, slices[i].y);
    }
  }
#else
  const place = 0u;
  const wanted = true;
  if (base + lane >= params.slices) {
    return;
  }
  let slice = slices[base + lane];
  if (!is_alive(slice.w)) {
    return;
  }
  let most = slice.y;
#endif
  let goal = slice.z;
  let quads = params.quads;
  let last = max(slice.y, 1u) - 1u;
  var sum = 0.0;
  for (var first = 0u; first < params.rows; first += ROWS) {
#for p PER
    let row_$p = first + $pu * WIDTH + place % WIDTH;
    let start_$p = (group.z * params.rows + min(row_$p, params.rows - 1u)) * quads;
#for l WIDTH
    var m_$p_$l = vec4f(NONE);
#end
#end
    for (var t = 0u; t < most; t += 4u * FOURS) {
#for v FOURS
      let tokens_$v = slice.x + min(vec4u(0u, 1u, 2u, 3u) + t + 4u * $vu, vec4u(last));
      let starts_$v = tokens_$v * quads;
#for p PER
#for l WIDTH
      var a_$p_$l_$v = vec4f();
#end
#end
#end
      for (var i = 0u; i < quads; i++) {
#for p PER
        let own_$p = query[start_$p + i];
#end
#for v FOURS
        let four_$v = mat4x4f(
          unpack(shard[starts_$v.x + i]),
          unpack(shard[starts_$v.y + i]),
          unpack(shard[starts_$v.z + i]),
          unpack(shard[starts_$v.w + i]),
        );
#end
#for p PER
#for l WIDTH
#if SUBGROUPS
        let q_$p_$l = subgroupBroadcast(own_$p, $lu);
#else
        let q_$p_$l = own_$p;
#endif
#for v FOURS
        a_$p_$l_$v += q_$p_$l * four_$v;
#end
#end
#end
      }
#for v FOURS
#if CODE_BITS == 8
      let scales_$v = params.capacity * quads + tokens_$v;
      let scale_$v = bitcast<vec4f>(
        vec4u(shard[scales_$v.x], shard[scales_$v.y], shard[scales_$v.z], shard[scales_$v.w]),
      );
#else
      let scale_$v = 1.0;
#endif
#for p PER
#for l WIDTH
      m_$p_$l = max(m_$p_$l, a_$p_$l_$v * scale_$v);
#end
#end
#end
    }
#for p PER
#for l WIDTH
    if (first + $pu * WIDTH + $lu < params.rows) {
      let peak = max(max(m_$p_$l.x, m_$p_$l.y), max(m_$p_$l.z, m_$p_$l.w));
      if (goal >= PARTIAL && wanted) {
        let slot = group.z * params.slots + goal - PARTIAL;
        partials[slot * params.rows + first + $pu * WIDTH + $lu] = peak;
      }
      sum += peak;
    }
#end
#end
  }
  if (goal < PARTIAL && wanted) {
    scores[group.z * params.passages + goal] = select(sum, NONE, slice.y == 0u);
  }
}
#endif
