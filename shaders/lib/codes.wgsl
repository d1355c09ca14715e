// Token vectors as codes. A shard is one buffer: the codes of `capacity` rows, dimension / 4 values of type
// Code a row (4 components each), then, for 8-bit codes, one f32 scale a row. Needs decode.wgsl and CODE_BITS.

#if CODE_BITS == 8
alias Code = u32;

fn unpack(code: Code) -> vec4f {
  return decode_i8(code);
}
#elif CODE_BITS == 16
alias Code = vec2u;

fn unpack(code: Code) -> vec4f {
  return decode_f16(code);
}
#else
alias Code = vec4u;

fn unpack(code: Code) -> vec4f {
  return bitcast<vec4f>(code);
}
#endif
