// The k best documents: score descending, then ordinal ascending, in two levels of one kernel.
//
// First level (DOCUMENTS): reduces passages to documents and keeps the k best of each block of BLOCK documents.
//   scores     (passages) f32
//   starts     (count + 1) first passage of each document
//   alive      one bit a document; the others are no candidates, and their scores are not read
//   best       (blocks, k) of { ordinal, bits of the score }; EMPTY where there are fewer
//   grid       one workgroup per block, folded over y
// Second level: one workgroup merges any number of candidates, BLOCK − k at a time.
//   candidates (count) of { ordinal, bits of the score }
//   best       (k) likewise
//
//   bindings   4 or 2 storage, 1 uniform; workgroup memory 8 KiB
//   called by  every search that wants at most 128 hits
//
// A bitonic sort of BLOCK pairs: 55 steps, whatever the data. A document's score is the highest of its passages'.
//
// Constants: LANES, BLOCK (a power of two, at least 2 · LANES and above k), DOCUMENTS.

struct Params {
  count: u32,
  k: u32,
}

#if DOCUMENTS
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> scores: array<f32>;
@group(0) @binding(2) var<storage, read> starts: array<u32>;
@group(0) @binding(3) var<storage, read> alive: array<u32>;
@group(0) @binding(4) var<storage, read_write> best: array<vec2u>;
#else
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> candidates: array<vec2u>;
@group(0) @binding(2) var<storage, read_write> best: array<vec2u>;
#endif

// What maxsim gives a passage without token vectors: no hit, like the padding of the sort.
const NONE = -3.4e38;
const EMPTY = 0xffffffffu;

var<workgroup> ordinals: array<u32, BLOCK>;
var<workgroup> values: array<f32, BLOCK>;

#if DOCUMENTS
// The score of a document, NONE where it has none.
fn score(document: u32) -> f32 {
  var highest = NONE;
  if (((alive[document / 32u] >> (document % 32u)) & 1u) == 1u) {
    for (var passage = starts[document]; passage < starts[document + 1u]; passage++) {
      highest = max(highest, scores[passage]);
    }
  }
  return highest;
}
#endif

fn load(place: u32, index: u32, end: u32) {
  ordinals[place] = EMPTY;
  values[place] = NONE;
  if (index < end) {
#if DOCUMENTS
    let ordinal = index;
    let value = score(index);
#else
    let ordinal = candidates[index].x;
    let value = bitcast<f32>(candidates[index].y);
#endif
    if (value > NONE) {
      ordinals[place] = ordinal;
      values[place] = value;
    }
  }
}

// Whether the pair at a comes after the pair at b in the order of hits.
fn after(a: u32, b: u32) -> bool {
  return values[a] < values[b] || (values[a] == values[b] && ordinals[a] > ordinals[b]);
}

fn sort(lane: u32) {
  for (var size = 2u; size <= BLOCK; size *= 2u) {
    for (var stride = size / 2u; stride > 0u; stride /= 2u) {
      workgroupBarrier();
      for (var pair = lane; pair < BLOCK / 2u; pair += LANES) {
        let low = pair / stride * stride * 2u + pair % stride;
        let high = low + stride;
        // Runs of `size` alternate in direction, the last one being sorted as wanted.
        let backwards = (low & size) != 0u;
        if (after(low, high) != backwards) {
          let ordinal = ordinals[low];
          let value = values[low];
          ordinals[low] = ordinals[high];
          values[low] = values[high];
          ordinals[high] = ordinal;
          values[high] = value;
        }
      }
    }
  }
  workgroupBarrier();
}

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
#if DOCUMENTS
  let block = group.y * groups.x + group.x;
  if (block * BLOCK >= params.count) {
    return;
  }
  let end = min(params.count, (block + 1u) * BLOCK);
#else
  let block = 0u;
  let end = params.count;
#endif
  // Places below `kept` hold the best so far.
  var kept = 0u;
  var next = block * BLOCK;
  while (next < end) {
    for (var place = kept + lane; place < BLOCK; place += LANES) {
      load(place, next + place - kept, end);
    }
    sort(lane);
    next += BLOCK - kept;
    kept = params.k;
  }
  for (var i = lane; i < params.k; i += LANES) {
    best[block * params.k + i] = vec2u(ordinals[i], bitcast<u32>(values[i]));
  }
}
