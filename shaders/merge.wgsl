// Scores of the passages that `maxsim` took in slices: score = Σ over query rows of the largest partial maximum.
//
//   merges     (count) of { first slot, slots, passage, document }
//   alive      one bit a document: the others are left alone, as maxsim left their slots
//   partials   (queries, slots, rows) f32
//   scores     (queries, passages) f32; scores[query][passage] is written
//   grid       one workgroup per sliced passage, folded over y; z: queries
//   bindings   4 storage, 1 uniform; workgroup memory 256 B
//   called by  a search of an index with long passages, once for all shards
//
// Constants: LANES (a power of two), SUBGROUPS.

struct Params {
  count: u32,
  rows: u32,
  slots: u32,
  passages: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> merges: array<vec4u>;
@group(0) @binding(2) var<storage, read> alive: array<u32>;
@group(0) @binding(3) var<storage, read> partials: array<f32>;
@group(0) @binding(4) var<storage, read_write> scores: array<f32>;

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
  if (index >= params.count) {
    return;
  }
  let item = merges[index];
  if (((alive[item.w / 32u] >> (item.w % 32u)) & 1u) == 0u) {
    return;
  }
  let first = group.z * params.slots + item.x;
  var sum = 0.0;
  for (var row = lane; row < params.rows; row += LANES) {
    var best = partials[first * params.rows + row];
    for (var slot = 1u; slot < item.y; slot++) {
      best = max(best, partials[(first + slot) * params.rows + row]);
    }
    sum += best;
  }
  let total = sum_over_lanes(lane, width, sum);
  if (lane == 0u) {
    scores[group.z * params.passages + item.z] = total;
  }
}
