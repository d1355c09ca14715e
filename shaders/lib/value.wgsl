// Value: what a row kernel reads and writes at once, 4 columns where the row length allows it (VEC), else one.

#if VEC
alias Value = vec4f;
const SIZE = 4u;
fn total(v: Value) -> f32 {
  return v.x + v.y + v.z + v.w;
}
#else
alias Value = f32;
const SIZE = 1u;
fn total(v: Value) -> f32 {
  return v;
}
#endif
