// Four stored weights as f32, in the precision of the checkpoint: f32 is read as it is, halves are packed in pairs,
// low half first, bytes in fours. Core WGSL only: none of this needs `shader-f16`.

fn decode_f16(words: vec2u) -> vec4f {
  return vec4f(unpack2x16float(words.x), unpack2x16float(words.y));
}

// A bfloat16 is the upper half of an f32.
fn decode_bf16(words: vec2u) -> vec4f {
  return bitcast<vec4f>(vec4u(words.x << 16u, words.x & 0xffff0000u, words.y << 16u, words.y & 0xffff0000u));
}

// Shifting a byte to the top and back, signed, extends its sign.
fn decode_i8(word: u32) -> vec4f {
  return vec4f(bitcast<vec4i>(vec4u(word) << vec4u(24u, 16u, 8u, 0u)) >> vec4u(24u));
}
