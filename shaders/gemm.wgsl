// Matrix product with epilogue: out = activation(a · wᵀ + bias) + residual, or · residual with GATED.
//
//   a          (m, k) f32
//   w          rows [first, first + n) of a weight matrix (columns, k), row-major as in the checkpoint and in its
//              precision, each row padded with zeros to a multiple of 4
//   affine     f32: bias (columns), then for I8 the scale of each row (columns)
//   residual   (m, columns) f32, only with RESIDUAL or GATED
//   out        (parts, m, columns) f32, of which columns [first, first + n) are written
//   grid       one workgroup per tile of out: x over columns, y over rows, z over parts
//   bindings   4 storage (5 with RESIDUAL or GATED), 1 uniform; workgroup memory ≤ 8,448 B (TILED), else none
//   called by  every encoder layer four times, five times where the feed-forward part is gated, and projections
//   with       lib/decode, lib/activation
//
// TILED, for GPUs: 8 × 8 invocations, each with ROWS rows and 4 · VECTORS columns of out in registers. Per step of
// 4 · BLOCKS values of k, both operands go through workgroup memory as f32: a as it is, w transposed in 4 × 4
// blocks, so that the inner loop is nothing but vec4 multiply-adds and each value is read from global memory once
// a workgroup.
//
// Otherwise, for software adapters: no barrier and no workgroup memory; each invocation reads what it needs.
// There a barrier costs more than the loads it saves, and a load of one value for all lanes costs one for each lane:
// with SUBGROUPS all lanes of a workgroup have the same rows, of which each loads another, for all to be broadcast.
//
// With more than one part, each is the sum over a run of k of its own, the bias in the first; the next kernel adds them
// up, in order. For few rows and a long k: else a few workgroups would each go a long way alone.
//
// HALF, of TILED, with `shader-f16` and f16 weights: products, and sums of four of them, in f16; everything beyond in f32.
// Half the workgroup memory is read, and most GPUs multiply halves twice as fast. Not for Intel Xe-LPG, where halves
// staged in workgroup memory come out wrong (llama.cpp issue 25748).
//
// Constants: WEIGHTS (0 f32, 1 f16, 2 bf16, 3 i8), ACTIVATION (as in lib/activation), RESIDUAL, GATED, VEC (k, columns and
// `first` are multiples of 4), HALF, TILED, ROWS, VECTORS, BLOCKS, FOUR (4). Unless TILED: SUBGROUPS, WIDE × HIGH
// invocations a workgroup (HIGH is 1 with SUBGROUPS), PER · WIDTH = ROWS, WIDTH as in maxsim.wgsl.

struct Params {
  m: u32,
  n: u32,
  k: u32,
  first: u32,
  columns: u32,
  parts: u32, // 1 where there is an activation or a residual
}

#if WEIGHTS == 0
alias Stored = vec4f;
#elif WEIGHTS == 3
alias Stored = u32;
#else
alias Stored = vec2u;
#endif

#if VEC
alias Value = vec4f;
#else
alias Value = f32;
#endif

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<Value>;
@group(0) @binding(2) var<storage, read> w: array<Stored>;
@group(0) @binding(3) var<storage, read> affine: array<Value>;
@group(0) @binding(4) var<storage, read_write> out: array<Value>;
#if RESIDUAL
@group(0) @binding(5) var<storage, read> residual: array<Value>;
#elif GATED
@group(0) @binding(5) var<storage, read> residual: array<Value>;
#endif

// Four values of a row of `a` that begins at `start`; beyond k: zeros.
fn load_a(start: u32, block: u32) -> vec4f {
#if VEC
  return a[start + block];
#else
  var four = vec4f();
  for (var i = 0u; i < min(4u, params.k - 4u * block); i++) {
    four[i] = a[start + 4u * block + i];
  }
  return four;
#endif
}

fn start_a(row: u32) -> u32 {
#if VEC
  return row * (params.k / 4u);
#else
  return row * params.k;
#endif
}

// Four values of a row of `w` that begins at `start`, without the row's scale.
fn load_w(start: u32, block: u32) -> vec4f {
  let stored = w[start + block];
#if WEIGHTS == 0
  return stored;
#elif WEIGHTS == 1
  return decode_f16(stored);
#elif WEIGHTS == 2
  return decode_bf16(stored);
#else
  return decode_i8(stored);
#endif
}

// Fours of k of a part: whole steps.
fn part_blocks() -> u32 {
  let step = params.parts * BLOCKS;
  return ((params.k + 3u) / 4u + step - 1u) / step * BLOCKS;
}

// Turns four sums into values of `out`, at column `first + c` of a row; guards both.
fn finish(part: u32, row: u32, c: u32, sums: vec4f) {
  if (row >= params.m) {
    return;
  }
  let column = params.first + c;
  let bias = select(0.0, 1.0, part == 0u);
#if VEC
  if (c < params.n) {
    var y = sums;
#if WEIGHTS == 3
    y *= affine[(params.columns + column) / 4u];
#endif
    y = activation(y + bias * affine[column / 4u]);
    let at = ((part * params.m + row) * params.columns + column) / 4u;
#if RESIDUAL
    y += residual[at];
#elif GATED
    y *= residual[at];
#endif
    out[at] = y;
  }
#else
  for (var i = 0u; i < 4u; i++) {
    if (c + i < params.n) {
      var y = sums[i];
#if WEIGHTS == 3
      y *= affine[params.columns + column + i];
#endif
      y = activation(vec4f(y + bias * affine[column + i])).x;
      let at = (part * params.m + row) * params.columns + column + i;
#if RESIDUAL
      y += residual[at];
#elif GATED
      y *= residual[at];
#endif
      out[at] = y;
    }
  }
#endif
}

#if TILED

// What is multiplied.
#if HALF
alias Factor = vec4h;
#else
alias Factor = vec4f;
#endif

const TILE_ROWS = 8u * ROWS;
const TILE_QUADS = 8u * VECTORS;
// One more than the block's own size, so that the 8 lanes that store into 8 blocks hit different banks.
const STRIDE = 4u * TILE_QUADS + 1u;

var<workgroup> tile_a: array<Factor, TILE_ROWS * BLOCKS>;
// Block, then k within it, then quad of columns.
var<workgroup> tile_w: array<Factor, BLOCKS * STRIDE>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row0 = group.y * TILE_ROWS;
  let column0 = group.x * TILE_QUADS * 4u;
  let x = lane % 8u;
  let y = lane / 8u;
  let blocks = (params.k + 3u) / 4u;
  let first = group.z * part_blocks();
  let end = min(first + part_blocks(), blocks);
#for r ROWS
#for v VECTORS
  var sum_$r_$v = vec4f();
#end
#end
  for (var start = first; start < end; start += BLOCKS) {
    for (var i = lane; i < TILE_ROWS * BLOCKS; i += 64u) {
      let row = row0 + i / BLOCKS;
      let block = start + i % BLOCKS;
      var four = vec4f();
      if (row < params.m && block < end) {
        four = load_a(start_a(row), block);
      }
      tile_a[i] = Factor(four);
    }
    for (var i = lane; i < TILE_QUADS * BLOCKS; i += 64u) {
      let column = column0 + i / BLOCKS * 4u;
      let block = start + i % BLOCKS;
      let at = i % BLOCKS * STRIDE + i / BLOCKS;
#for j FOUR
      var column_$j = vec4f();
      if (block < end && column + $ju < params.n) {
        column_$j = load_w((column + $ju) * blocks, block);
      }
#end
      tile_w[at] = Factor(vec4f(column_0.x, column_1.x, column_2.x, column_3.x));
      tile_w[at + TILE_QUADS] = Factor(vec4f(column_0.y, column_1.y, column_2.y, column_3.y));
      tile_w[at + 2u * TILE_QUADS] = Factor(vec4f(column_0.z, column_1.z, column_2.z, column_3.z));
      tile_w[at + 3u * TILE_QUADS] = Factor(vec4f(column_0.w, column_1.w, column_2.w, column_3.w));
    }
    workgroupBarrier();
    for (var block = 0u; block < BLOCKS; block++) {
#for r ROWS
      let row_$r = tile_a[(y * ROWS + $ru) * BLOCKS + block];
#end
#if HALF
#for r ROWS
#for v VECTORS
      var part_$r_$v = vec4h();
#end
#end
#endif
#for j FOUR
#for v VECTORS
      let columns_$j_$v = tile_w[block * STRIDE + $ju * TILE_QUADS + $vu * 8u + x];
#for r ROWS
#if HALF
      part_$r_$v = fma(vec4h(row_$r[$j]), columns_$j_$v, part_$r_$v);
#else
      sum_$r_$v = fma(vec4f(row_$r[$j]), columns_$j_$v, sum_$r_$v);
#endif
#end
#end
#end
#if HALF
#for r ROWS
#for v VECTORS
      sum_$r_$v += vec4f(part_$r_$v);
#end
#end
#endif
    }
    workgroupBarrier();
  }
#for r ROWS
#for v VECTORS
  finish(group.z, row0 + y * ROWS + $ru, column0 + ($vu * 8u + x) * 4u, sum_$r_$v);
#end
#end
}

#else

// Rows and columns beyond the matrix repeat the last one: their sums are thrown away by `finish`.
@compute @workgroup_size(WIDE, HIGH)
fn main(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) lane: vec3u,
#if SUBGROUPS
  @builtin(subgroup_invocation_id) place: u32,
#endif
) {
  let column0 = (group.x * WIDE + lane.x) * VECTORS * 4u;
#if SUBGROUPS
  let row0 = group.y * ROWS;
#else
  const place = 0u;
  let row0 = (group.y * HIGH + lane.y) * ROWS;
  if (row0 >= params.m || column0 >= params.n) {
    return;
  }
#endif
#for p PER
  let a_$p = start_a(min(row0 + $pu * WIDTH + place % WIDTH, params.m - 1u));
#for l WIDTH
#for v VECTORS
  var sum_$p_$l_$v = vec4f();
#end
#end
#end
  let blocks = (params.k + 3u) / 4u;
#for v VECTORS
#for j FOUR
  let w_$v_$j = min(column0 + $vu * 4u + $ju, params.n - 1u) * blocks;
#end
#end
  let first = group.z * part_blocks();
  let end = min(first + part_blocks(), blocks);
  for (var block = first; block < end; block++) {
#for p PER
    let own_$p = load_a(a_$p, block);
#for l WIDTH
#if SUBGROUPS
    let row_$p_$l = subgroupBroadcast(own_$p, $lu);
#else
    let row_$p_$l = own_$p;
#endif
#end
#end
#for v VECTORS
#for j FOUR
    let column_$v_$j = load_w(w_$v_$j, block);
#for p PER
#for l WIDTH
    sum_$p_$l_$v[$j] += dot(row_$p_$l, column_$v_$j);
#end
#end
#end
#end
  }
#for p PER
#for l WIDTH
#for v VECTORS
  finish(group.z, row0 + $pu * WIDTH + $lu, column0 + $vu * 4u, sum_$p_$l_$v);
#end
#end
#end
}

#endif
