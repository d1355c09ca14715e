// MaxSim of one query against one shard: score(passage) = Σ over query rows of max over the passage's token vectors of
// their dot product. The similarity matrix is never written.
//
//   query      (rows, 4·quads) f32, 1 ≤ rows ≤ 512
//   shard      codes of `capacity` token vectors, then their scales (lib/codes.wgsl)
//   slices     (slices) of { row, rows, target, document }: a whole passage, whose score goes to scores[target], or
//              with the top bit of target a slice of a long one, whose maxima go to partials[target][0 … params.rows)
//   alive      one bit a document: a passage of any other costs nothing, and its score is not written
//   scores     (passages) f32; NONE for a passage without token vectors
//   partials   (slots, rows) f32, for the kernel `merge`
//   grid       TILED: one workgroup per slice; else one invocation per slice, LANES a workgroup; folded over y
//   bindings   6 storage, 1 uniform; workgroup memory 8 KiB (TILED), else none
//   called by  every search, once a shard
//   with       lib/decode, lib/codes
//
// Maxima are compared after scaling: scales differ from token to token. Rows and tokens beyond the end repeat the last
// one or are zero, whatever changes no result, so that inner loops have no conditions.
//
// TILED, for GPUs: the query goes through workgroup memory in tiles of 32 rows × 64 dimensions. Each lane holds one token
// vector at a time and 32 dot products and maxima in registers; lanes are merged once per 32 rows. The tile is stored by
// columns: four rows take one vec4 multiply-add a component, and all lanes read the same address.
//
// Otherwise, for software adapters: no barrier and no workgroup memory. One invocation scores a slice, ROWS rows × 4
// tokens at a time. 1,000 passages × 96 tokens × 96 dimensions took SwiftShader 0.4 s so and 2.5 s tiled.
//
// Constants: TILED, CODE_BITS; TILED: LANES = 64 (their maxima fill the tile exactly), FOURS = 8 (4 rows each),
// COMPONENTS = 4, SUBGROUPS; else LANES, ROWS.
// The dimension is a parameter: drivers unroll loops of constant length, and took ten times as long to compile.

struct Params {
  rows: u32,
  quads: u32, // dimension / 4
  slices: u32,
  capacity: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> query: array<vec4f>;
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
const DEPTH = 16u; // quads of a tile

var<workgroup> tile: array<vec4f, DEPTH * ROWS>; // (DEPTH, COMPONENTS, FOURS)

// Puts query rows first … first + 31, quads start … start + 15 into the tile. Rows beyond the query become zero: so does
// their maximum, which adds nothing.
fn load_tile(lane: u32, first: u32, start: u32) {
  workgroupBarrier();
  for (var i = lane; i < DEPTH * FOURS; i += LANES) {
    let quad = start + i / FOURS;
    let row = first + i % FOURS * 4u;
    var four: mat4x4f;
    for (var r = 0u; r < 4u; r++) {
      if (quad < params.quads && row + r < params.rows) {
        four[r] = query[(row + r) * params.quads + quad];
      }
    }
    let columns = transpose(four);
    for (var c = 0u; c < 4u; c++) {
      tile[i / FOURS * ROWS + c * FOURS + i % FOURS] = columns[c];
    }
  }
  workgroupBarrier();
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
      scores[goal] = NONE;
    }
    return;
  }
  let quads = params.quads;
  var sum = 0.0;
  for (var first = 0u; first < params.rows; first += ROWS) {
#for v FOURS
    var m_$v = vec4f(NONE);
#end
    for (var t = 0u; t < slice.y; t += LANES) {
      let token = slice.x + min(t + lane, slice.y - 1u);
#for v FOURS
      var a_$v = vec4f();
#end
      for (var start = 0u; start < quads; start += DEPTH) {
        // A query of at most 64 dimensions fits one tile, which then serves all tokens.
        if (t == 0u || quads > DEPTH) {
          load_tile(lane, first, start);
        }
        let depth = min(DEPTH, quads - start);
        for (var i = 0u; i < depth; i++) {
          let d = unpack(shard[token * quads + start + i]);
          let at = i * ROWS;
#for c COMPONENTS
#for v FOURS
          a_$v += tile[at + $cu * FOURS + $vu] * d[$c];
#end
#end
        }
      }
#if CODE_BITS == 8
      let scale = bitcast<f32>(shard[params.capacity * quads + token]);
#else
      let scale = 1.0;
#endif
#for v FOURS
      m_$v = max(m_$v, a_$v * scale);
#end
    }
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
      tile[at + $vu] = m_$v;
#end
    }
    workgroupBarrier();
#if SUBGROUPS
    if (lane < FOURS) {
      for (var i = lane + FOURS; i * width < LANES * FOURS; i += FOURS) {
        tile[lane] = max(tile[lane], tile[i]);
      }
    }
    workgroupBarrier();
#else
    for (var half = LANES * FOURS / 2u; half >= FOURS; half /= 2u) {
      for (var i = lane; i < half; i += LANES) {
        tile[i] = max(tile[i], tile[i + half]);
      }
      workgroupBarrier();
    }
#endif
    if (goal >= PARTIAL) {
      if (lane < ROWS && first + lane < params.rows) {
        partials[(goal - PARTIAL) * params.rows + first + lane] = tile[lane / 4u][lane % 4u];
      }
    } else if (lane == 0u) {
      for (var i = 0u; i < FOURS; i++) {
        sum += dot(tile[i], vec4f(1.0));
      }
    }
  }
  if (goal < PARTIAL && lane == 0u) {
    scores[goal] = sum;
  }
}

#else

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (group.y * groups.x + group.x) * LANES + lane;
  if (index >= params.slices) {
    return;
  }
  let slice = slices[index];
  let goal = slice.z;
  if (!is_alive(slice.w)) {
    return;
  }
  if (slice.y == 0u) {
    scores[goal] = NONE;
    return;
  }
  let quads = params.quads;
  let last = slice.y - 1u;
  var sum = 0.0;
  for (var first = 0u; first < params.rows; first += ROWS) {
#for r ROWS
    let row_$r = min(first + $ru, params.rows - 1u) * quads;
    var m_$r = vec4f(NONE);
#end
    for (var t = 0u; t < slice.y; t += 4u) {
      let tokens = slice.x + min(vec4u(t, t + 1u, t + 2u, t + 3u), vec4u(last));
      let starts = tokens * quads;
#for r ROWS
      var a_$r = vec4f();
#end
      for (var i = 0u; i < quads; i++) {
        let four = mat4x4f(
          unpack(shard[starts.x + i]),
          unpack(shard[starts.y + i]),
          unpack(shard[starts.z + i]),
          unpack(shard[starts.w + i]),
        );
#for r ROWS
        a_$r += query[row_$r + i] * four;
#end
      }
#if CODE_BITS == 8
      let scales = params.capacity * quads + tokens;
      let scale = bitcast<vec4f>(vec4u(shard[scales.x], shard[scales.y], shard[scales.z], shard[scales.w]));
#else
      let scale = 1.0;
#endif
#for r ROWS
      m_$r = max(m_$r, a_$r * scale);
#end
    }
#for r ROWS
    if (first + $ru < params.rows) {
      let peak = max(max(m_$r.x, m_$r.y), max(m_$r.z, m_$r.w));
      if (goal >= PARTIAL) {
        partials[(goal - PARTIAL) * params.rows + first + $ru] = peak;
      }
      sum += peak;
    }
#end
  }
  if (goal < PARTIAL) {
    scores[goal] = sum;
  }
}
#endif
