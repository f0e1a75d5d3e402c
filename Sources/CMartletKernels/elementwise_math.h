// Elementary functions for loops that the compiler turns into vectors: no branch, no table, no library call.
// Included once for each instruction set, inside its target attribute; the includer defines MATH(name).
//
// The polynomials were fitted for this file by reweighted least squares on Chebyshev nodes. Errors are stated against
// the exact value over all arguments and are what VectorMathTests asks for.

static inline float MATH(bits_to_float)(uint32_t bits) {
  float value;
  __builtin_memcpy(&value, &bits, 4);
  return value;
}

static inline uint32_t MATH(float_to_bits)(float value) {
  uint32_t bits;
  __builtin_memcpy(&bits, &value, 4);
  return bits;
}

// Adding this rounds to the nearest integer and leaves it in the low bits. Unlike a conversion it is defined for
// arguments that are not a number.
#define MATH_ROUNDER 12582912.0f

// exp(x) = 2^n · (1 + p) with p = e^r − 1, |r| ≤ ln 2 / 2; gives p, and n modulo 2^22.
#define MATH_REDUCE_EXP(x, n, p)                                                                              \
  const float p##_t = (x) * 0x1.715476p+0f + MATH_ROUNDER;                                                    \
  const int32_t n = (int32_t)(MATH(float_to_bits)(p##_t) - 0x4b400000u);                                      \
  const float p##_k = p##_t - MATH_ROUNDER;                                                                   \
  const float p##_r = ((x) - p##_k * 0x1.62e400p-1f) - p##_k * 0x1.7f7d1cp-20f;                               \
  const float p =                                                                                             \
      p##_r + p##_r * p##_r *                                                                                 \
                  (0x1.000000p-1f +                                                                           \
                   p##_r * (0x1.555556p-3f +                                                                  \
                            p##_r * (0x1.555480p-5f +                                                         \
                                     p##_r * (0x1.111080p-7f +                                                \
                                              p##_r * (0x1.6d969ap-10f + p##_r * 0x1.a1b50ap-13f)))))

static inline float MATH(power_of_two)(int32_t n) {
  return MATH(bits_to_float)(((uint32_t)n + 127u) << 23);
}

// Within 1 unit in the last place, denormal results included.
static inline float MATH(exp)(float x) {
  float c = x > 100.0f ? 100.0f : x;
  c = c < -110.0f ? -110.0f : c;
  MATH_REDUCE_EXP(c, n, p);
  // In two steps, so that neither factor leaves the range of exponents.
  const int32_t half = n >> 1;
  return (1.0f + p) * MATH(power_of_two)(half) * MATH(power_of_two)(n - half);
}

// log(2^e · (1 + z)) for 1 + z from √½ to √2.
static inline float MATH(log_of_parts)(float z, float e) {
  const float p =
      0x1.555554p-2f +
      z * (-0x1.000228p-2f +
           z * (0x1.99a010p-3f +
                z * (-0x1.5471f4p-3f +
                     z * (0x1.22d910p-3f +
                          z * (-0x1.0d876cp-3f + z * (0x1.056474p-3f + z * -0x1.38c0f2p-4f))))));
  const float q = z * z;
  const float tail = z * q * p + e * 0x1.7f7d1cp-20f;
  return e * 0x1.62e400p-1f + (z + (tail - 0.5f * q));
}

// Within 2 units in the last place.
static inline float MATH(log)(float x) {
  const int small = x < 0x1p-126f;
  const float scaled = small ? x * 0x1p23f : x;
  const uint32_t bits = MATH(float_to_bits)(scaled);
  const int32_t exponent = (int32_t)(bits - 0x3f3504f3u) >> 23;
  const float m = MATH(bits_to_float)(bits - ((uint32_t)exponent << 23));
  const float e = (float)exponent - (small ? 23.0f : 0.0f);
  float y = MATH(log_of_parts)(m - 1.0f, e);
  y = x == 0.0f ? -__builtin_inff() : y;
  y = x < 0.0f ? __builtin_nanf("") : y;
  y = x == __builtin_inff() ? x : y;
  return x != x ? x : y;
}

// log(1 + u) for u from 0 to 1, within 2 units in the last place.
static inline float MATH(log1p_unit)(float u) {
  const int upper = u > 0.41421356f;
  return MATH(log_of_parts)(upper ? 0.5f * (u - 1.0f) : u, upper ? 1.0f : 0.0f);
}

// exp(x) − 1 for x up to 0, within 2 units in the last place.
static inline float MATH(expm1_below)(float x) {
  const float c = x < -30.0f ? -30.0f : x;
  MATH_REDUCE_EXP(c, n, p);
  const float s = MATH(power_of_two)(n);
  return s * p + (s - 1.0f);
}

// Within 3 units in the last place: with m = e^(2|x|) − 1, tanh |x| = m / (m + 2).
static inline float MATH(tanh)(float x) {
  const float magnitude = x < 0.0f ? -x : x;
  const float c = magnitude > 10.0f ? 20.0f : 2.0f * magnitude;
  MATH_REDUCE_EXP(c, n, p);
  const float s = MATH(power_of_two)(n);
  const float m = s * p + (s - 1.0f);
  const float y = m / (m + 2.0f);
  // The sign is taken from the bits, so that −0 gives −0.
  return MATH(bits_to_float)(MATH(float_to_bits)(y) | (MATH(float_to_bits)(x) & 0x80000000u));
}

// Within 3 units in the last place.
static inline float MATH(sigmoid)(float x) {
  const float e = MATH(exp)(x < 0.0f ? x : -x);
  return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

// Within 2 units in the last place: x · P(x²) up to 0.92, 1 − exp(−Q(|x|)) above.
static inline float MATH(erf)(float x) {
  const float magnitude = x < 0.0f ? -x : x;
  const float a = magnitude > 4.0f ? 4.0f : magnitude;
  const float t = a * a;
  const float inner =
      a * (0x1.20dd76p+0f +
           t * (-0x1.812742p-2f +
                t * (0x1.ce2dcap-4f +
                     t * (-0x1.b80962p-6f +
                          t * (0x1.549662p-8f + t * (-0x1.a88d86p-11f + t * 0x1.574ebep-14f))))));
  const float q =
      -0x1.6e5732p-13f +
      a * (0x1.2127e4p+0f +
           a * (0x1.44460cp-1f +
                a * (0x1.bb83e8p-4f +
                     a * (-0x1.9b8e88p-6f +
                          a * (0x1.115ad8p-8f + a * (-0x1.c791400p-12f + a * 0x1.61eaaap-16f))))));
  const float outer = 1.0f - MATH(exp)(-q);
  const float y = a < 0.92f ? inner : outer;
  return MATH(bits_to_float)(MATH(float_to_bits)(y) | (MATH(float_to_bits)(x) & 0x80000000u));
}
