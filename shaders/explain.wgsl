// For each hit its best passages, and for each of those the best token of every query row.
//
//   query      (rows, 4·quads) f32
//   shard      codes of the passages first … end − 1 (lib/codes.wgsl); hits with passages elsewhere are left to the
//              dispatch of their shard
//   passages   (passages) of { row in its shard, rows }
//   starts     (documents + 1) first passage of each document
//   scores     (passages) f32
//   hits       (k) of { document, bits of its score }; EMPTY in the place of a document: no hit
//   result     (k, 2 + best · (2 + 2 · explained)) words, a record per hit:
//              document, score, then `best` times: passage, its score, `explained` tokens, `explained` similarities.
//              Passages are ordered by score descending, then as in the document; EMPTY where the document has fewer.
//              A token is an index within its passage, the first of equals; similarities of all rows add up to the score.
//   grid       one workgroup per (hit, passage, explained row), folded over y; one per (hit, passage) when none is
//   bindings   7 storage, 1 uniform; workgroup memory 256 B
//   called by  every search, once a shard, for the hits alone
//
// One workgroup a row: ten hits × 32 rows keep a GPU busy for a moment, where one a passage would leave most of it idle.
// Each finds its passage anew, which costs little: documents have few passages, most of them one.
//
// Constants: LANES (a power of two), CODE_BITS.

struct Params {
  rows: u32,
  quads: u32, // dimension / 4
  capacity: u32,
  first: u32,
  end: u32,
  hits: u32,
  best: u32,
  explained: u32, // rows, or 0 for passages alone
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> query: array<vec4f>;
@group(0) @binding(2) var<storage, read> shard: array<Code>;
@group(0) @binding(3) var<storage, read> passages: array<vec2u>;
@group(0) @binding(4) var<storage, read> starts: array<u32>;
@group(0) @binding(5) var<storage, read> scores: array<f32>;
@group(0) @binding(6) var<storage, read> hits: array<vec2u>;
@group(0) @binding(7) var<storage, read_write> result: array<u32>;

const NONE = -3.4e38;
const EMPTY = 0xffffffffu;

struct Best {
  value: f32,
  index: u32,
}

var<workgroup> bests: array<Best, LANES>;

// The largest value of all lanes, with the smallest index of equals.
fn best_of_lanes(lane: u32, value: f32, index: u32) -> Best {
  workgroupBarrier();
  bests[lane] = Best(value, index);
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      let mine = bests[lane];
      let other = bests[lane + half];
      if (other.value > mine.value || (other.value == mine.value && other.index < mine.index)) {
        bests[lane] = other;
      }
    }
  }
  // An ordinary read would count as non-uniform, and callers branch on it around barriers.
  return workgroupUniformLoad(&bests[0]);
}

// The passage in place `rank` of the document's order, or EMPTY.
fn ranked(lane: u32, document: u32, rank: u32) -> Best {
  let start = starts[document];
  let end = starts[document + 1u];
  if (end - start == 1u && rank == 0u) {
    return Best(scores[start], start);
  }
  var found = Best(NONE, EMPTY);
  for (var i = 0u; i <= rank; i++) {
    // The best of those that come after the one found before.
    var value = NONE;
    var index = EMPTY;
    for (var passage = start + lane; passage < end; passage += LANES) {
      let score = scores[passage];
      let open = i == 0u || score < found.value || (score == found.value && passage > found.index);
      if (open && score > value) {
        value = score;
        index = passage;
      }
    }
    found = best_of_lanes(lane, value, index);
    if (found.index == EMPTY) {
      break;
    }
  }
  return found;
}

fn similarity(row: u32, token: u32) -> f32 {
  var sum = vec4f();
  for (var i = 0u; i < params.quads; i++) {
    sum += query[row * params.quads + i] * unpack(shard[token * params.quads + i]);
  }
#if CODE_BITS == 8
  sum *= bitcast<f32>(shard[params.capacity * params.quads + token]);
#endif
  return dot(sum, vec4f(1.0));
}

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let rows = max(1u, params.explained);
  let index = group.y * groups.x + group.x;
  let hit = index / (rows * params.best);
  if (hit >= params.hits) {
    return;
  }
  let rank = index / rows % params.best;
  let row = index % rows;
  let record = hit * (2u + params.best * (2u + 2u * params.explained));
  let place = record + 2u + rank * (2u + 2u * params.explained);
  let document = hits[hit].x;
  var passage = Best(NONE, EMPTY);
  if (document != EMPTY) {
    passage = ranked(lane, document, rank);
  }
  if (row == 0u && lane == 0u) {
    // Every shard's dispatch writes these, all alike.
    result[record] = document;
    result[record + 1u] = hits[hit].y;
    result[place] = passage.index;
    result[place + 1u] = bitcast<u32>(passage.value);
  }
  if (params.explained == 0u || passage.index < params.first || passage.index >= params.end) {
    return;
  }
  let range = passages[passage.index];
  var value = NONE;
  var token = EMPTY;
  for (var t = lane; t < range.y; t += LANES) {
    let s = similarity(row, range.x + t);
    if (s > value) {
      value = s;
      token = t;
    }
  }
  let best = best_of_lanes(lane, value, token);
  if (lane == 0u) {
    result[place + 2u + row] = best.index;
    result[place + 2u + params.explained + row] = bitcast<u32>(best.value);
  }
}
