// Embeddings + LayerNorm: out = LayerNorm(word[id] + position[p] + type[kind]) · gamma + beta, row by row.
//
//   tokens      (rows) vec2u: word id; position, and from bit 16 on the type, 0 or 1
//   words       one shard of the word table: the rows of ids [first, end), in the checkpoint's precision,
//               each padded to a multiple of 4 columns
//   affine      f32: gamma, beta, the two types (columns each), then the scales of I8 tables: one a word (`vocabulary`
//               of them, 0 unless I8), one a position; padded to a multiple of 4
//   out         (rows, columns) f32
//   positions   (positions, columns), as the words; not bound where there are none
//   grid        one workgroup per row, folded over y above 65,535 rows
//   bindings    5 storage (4 without positions), 1 uniform; workgroup memory ≤ 512 B
//   called by   the encoder, once for each shard of the word table; a row is written by the shard that has its word
//   with        lib/value, lib/reduce, lib/decode, lib/layer_norm
//
// Constants: LANES, KEEP, VEC, SUBGROUPS as in add_norm; WORDS and POSITIONS (0 f32, 1 f16, 2 bf16, 3 i8, 4 none).

struct Params {
  rows: u32,
  columns: u32,
  epsilon: f32,
  first: u32,
  end: u32,
  vocabulary: u32,
}

#if WORDS == 0
alias Word = vec4f;
#elif WORDS == 3
alias Word = u32;
#else
alias Word = vec2u;
#endif
#if POSITIONS == 0
alias Position = vec4f;
#elif POSITIONS == 3
alias Position = u32;
#else
alias Position = vec2u;
#endif

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> tokens: array<vec2u>;
@group(0) @binding(2) var<storage, read> words: array<Word>;
@group(0) @binding(3) var<storage, read> affine: array<Value>;
@group(0) @binding(4) var<storage, read_write> out: array<Value>;
#if POSITIONS <= 3
@group(0) @binding(5) var<storage, read> positions: array<Position>;
#endif

// A single f32 of `affine`, past its four rows.
fn scale(i: u32) -> f32 {
  let at = 4u * params.columns + i;
#if VEC
  return affine[at / 4u][at % 4u];
#else
  return affine[at];
#endif
}

fn word(id: u32, block: u32) -> vec4f {
  let stored = words[(id - params.first) * ((params.columns + 3u) / 4u) + block];
#if WORDS == 0
  return stored;
#elif WORDS == 1
  return decode_f16(stored);
#elif WORDS == 2
  return decode_bf16(stored);
#else
  return decode_i8(stored) * scale(id);
#endif
}

fn position(p: u32, block: u32) -> vec4f {
#if POSITIONS == 4
  return vec4f();
#else
  let stored = positions[p * ((params.columns + 3u) / 4u) + block];
#if POSITIONS == 0
  return stored;
#elif POSITIONS == 1
  return decode_f16(stored);
#elif POSITIONS == 2
  return decode_bf16(stored);
#else
  return decode_i8(stored) * scale(params.vocabulary + p);
#endif
#endif
}

fn load(row: u32, c: u32) -> Value {
  let token = tokens[row];
  let place = token.y & 0xffffu;
  let kind = affine[(2u + (token.y >> 16u)) * (params.columns / SIZE) + c];
#if VEC
  return word(token.x, c) + position(place, c) + kind;
#else
  return word(token.x, c / 4u)[c % 4u] + position(place, c / 4u)[c % 4u] + kind;
#endif
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
  let row = group.y * groups.x + group.x;
  if (row >= params.rows) {
    return;
  }
  let id = tokens[row].x;
  if (id < params.first || id >= params.end) {
    return;
  }
  layer_norm(row, lane, width);
}
