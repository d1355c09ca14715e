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
//   grid       one workgroup per slice, folded over y
//   bindings   6 storage, 1 uniform; workgroup memory 8 KiB
//   called by  every search, once a shard
//
// A tile is 32 query rows × 64 dimensions. Each lane holds one token vector at a time and 32 dot products (a0 … a7) and
// maxima (m0 … m7) in registers, under names of their own: not every compiler keeps an indexed array in registers. The
// tile is stored by columns, so that four rows take one vec4 multiply-add a component and all lanes read one address.
// Maxima are compared after scaling: scales differ from token to token.
//
// Constants: LANES (64: 8 maxima a lane fill the tile exactly when lanes are merged), SUBGROUPS, CODE_BITS.
// The dimension is a parameter, not a constant: drivers unroll constant loops, and took ten times as long to compile.

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

const ROWS = 32u;
const DEPTH = 16u; // quads of a tile

var<workgroup> tile: array<vec4f, 512>; // (DEPTH, 4 components, ROWS / 4)

// Puts query rows first … first + 31, quads start … start + 15 into the tile. Rows beyond the query become zero, so
// that their maximum is zero and adds nothing.
fn load_tile(lane: u32, first: u32, start: u32) {
  workgroupBarrier();
  for (var i = lane; i < DEPTH * ROWS / 4u; i += LANES) {
    let quad = start + i / 8u;
    let row = first + i % 8u * 4u;
    var four: mat4x4f;
    for (var r = 0u; r < 4u; r++) {
      if (quad < params.quads && row + r < params.rows) {
        four[r] = query[(row + r) * params.quads + quad];
      }
    }
    let columns = transpose(four);
    for (var c = 0u; c < 4u; c++) {
      tile[(i / 8u * 4u + c) * 8u + i % 8u] = columns[c];
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
  let target_index = slice.z;
  if (((alive[slice.w / 32u] >> (slice.w % 32u)) & 1u) == 0u) {
    return;
  }
  if (slice.y == 0u) {
    if (lane == 0u) {
      scores[target_index] = NONE;
    }
    return;
  }
  let quads = params.quads;
  var sum = 0.0;
  for (var first = 0u; first < params.rows; first += ROWS) {
    // A vector of at most 64 dimensions fits one tile, which then serves all tokens.
    if (quads <= DEPTH) {
      load_tile(lane, first, 0u);
    }
    var m0 = vec4f(NONE);
    var m1 = m0;
    var m2 = m0;
    var m3 = m0;
    var m4 = m0;
    var m5 = m0;
    var m6 = m0;
    var m7 = m0;
    for (var t = 0u; t < slice.y; t += LANES) {
      // Lanes beyond the end repeat the last token, which changes no maximum.
      let token = slice.x + min(t + lane, slice.y - 1u);
      var a0 = vec4f();
      var a1 = a0;
      var a2 = a0;
      var a3 = a0;
      var a4 = a0;
      var a5 = a0;
      var a6 = a0;
      var a7 = a0;
      for (var start = 0u; start < quads; start += DEPTH) {
        if (quads > DEPTH) {
          load_tile(lane, first, start);
        }
        let depth = min(DEPTH, quads - start);
        for (var i = 0u; i < depth; i++) {
          let d = unpack(shard[token * quads + start + i]);
          for (var c = 0u; c < 4u; c++) {
            let at = (i * 4u + c) * 8u;
            let x = d[c];
            a0 += tile[at] * x;
            a1 += tile[at + 1u] * x;
            a2 += tile[at + 2u] * x;
            a3 += tile[at + 3u] * x;
            a4 += tile[at + 4u] * x;
            a5 += tile[at + 5u] * x;
            a6 += tile[at + 6u] * x;
            a7 += tile[at + 7u] * x;
          }
        }
      }
#if CODE_BITS == 8
      let scale = bitcast<f32>(shard[params.capacity * quads + token]);
#else
      let scale = 1.0;
#endif
      m0 = max(m0, a0 * scale);
      m1 = max(m1, a1 * scale);
      m2 = max(m2, a2 * scale);
      m3 = max(m3, a3 * scale);
      m4 = max(m4, a4 * scale);
      m5 = max(m5, a5 * scale);
      m6 = max(m6, a6 * scale);
      m7 = max(m7, a7 * scale);
    }
    // From here the tile holds maxima: 8 a lane, then 8 in all.
    workgroupBarrier();
#if SUBGROUPS
    m0 = subgroupMax(m0);
    m1 = subgroupMax(m1);
    m2 = subgroupMax(m2);
    m3 = subgroupMax(m3);
    m4 = subgroupMax(m4);
    m5 = subgroupMax(m5);
    m6 = subgroupMax(m6);
    m7 = subgroupMax(m7);
    let writes = lane % width == 0u;
    let at = lane / width * 8u;
#else
    let writes = true;
    let at = lane * 8u;
#endif
    if (writes) {
      tile[at] = m0;
      tile[at + 1u] = m1;
      tile[at + 2u] = m2;
      tile[at + 3u] = m3;
      tile[at + 4u] = m4;
      tile[at + 5u] = m5;
      tile[at + 6u] = m6;
      tile[at + 7u] = m7;
    }
    workgroupBarrier();
#if SUBGROUPS
    if (lane < 8u) {
      for (var i = lane + 8u; i * width < LANES * 8u; i += 8u) {
        tile[lane] = max(tile[lane], tile[i]);
      }
    }
    workgroupBarrier();
#else
    for (var half = LANES * 4u; half >= 8u; half /= 2u) {
      for (var i = lane; i < half; i += LANES) {
        tile[i] = max(tile[i], tile[i + half]);
      }
      workgroupBarrier();
    }
#endif
    if (target_index >= PARTIAL) {
      if (lane < ROWS && first + lane < params.rows) {
        partials[(target_index - PARTIAL) * params.rows + first + lane] = tile[lane / 4u][lane % 4u];
      }
    } else if (lane == 0u) {
      for (var i = 0u; i < 8u; i++) {
        sum += dot(tile[i], vec4f(1.0));
      }
    }
  }
  if (target_index < PARTIAL && lane == 0u) {
    scores[target_index] = sum;
  }
}
