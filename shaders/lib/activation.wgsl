// Activations of dense layers, chosen by ACTIVATION: 0 identity, 1 gelu, 2 tanh, 3 relu, 4 sigmoid, 5 silu.
// Large inputs never reach an exponential that overflows: WGSL may assume that there is no infinity.

#if ACTIVATION == 1
// x · Φ(x), with erfc by Abramowitz & Stegun, Handbook of Mathematical Functions, 7.1.26: |error| ≤ 1.5e-7.
// The tail is computed first and subtracted for positive x, so that nothing cancels on either side.
fn activation(x: vec4f) -> vec4f {
  let z = min(abs(x) * 0.70710678, vec4f(9.0));
  let t = 1.0 / (1.0 + 0.3275911 * z);
  let series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  let tail = 0.5 * abs(x) * series * exp(-z * z);
  return max(x, vec4f()) - tail;
}
#elif ACTIVATION == 2
fn activation(x: vec4f) -> vec4f {
  let e = exp(-2.0 * min(abs(x), vec4f(20.0)));
  return sign(x) * (1.0 - e) / (1.0 + e);
}
#elif ACTIVATION == 3
fn activation(x: vec4f) -> vec4f {
  return max(x, vec4f());
}
#elif ACTIVATION == 0
fn activation(x: vec4f) -> vec4f {
  return x;
}
#else
fn activation(x: vec4f) -> vec4f {
  let sigmoid = 1.0 / (1.0 + exp(clamp(-x, vec4f(-80.0), vec4f(80.0))));
#if ACTIVATION == 5
  return x * sigmoid;
#else
  return sigmoid;
#endif
}
#endif
