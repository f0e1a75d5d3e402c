#include "martlet_depthwise.h"

#define PLAIN_FMA(a, b, c) ((a) * (b) + (c))
#define VECTOR_FMA(a, b, c) __builtin_elementwise_fma(a, b, c)

// X for each source pixel of a run, PIXELS + TAPS - 1 at most, and for each number of taps.
#define FROM_FIRST(X)                                                                                  \
  X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) X(16) X(17)   \
  X(18) X(19) X(20) X(21) X(22)
#define EACH_COUNT(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8)

#define PIXELS 8
#define TAPS 4
#define FMA PLAIN_FMA
#define REAL float
#define LANES 4
#define NAME(x) portable_f32_##x
#include "depthwise_body.h"
#undef REAL
#undef LANES
#undef NAME
#define REAL double
#define LANES 2
#define NAME(x) portable_f64_##x
#include "depthwise_body.h"
#undef REAL
#undef LANES
#undef NAME
#undef FMA
#undef PIXELS
#undef TAPS

#define FMA VECTOR_FMA

#if defined(MARTLET_BUILDS_AVX2)
#pragma clang attribute push(__attribute__((target(MARTLET_TARGET_AVX2))), apply_to = function)
#define PIXELS 8
#define TAPS 4
#define REAL float
#define LANES 8
#define NAME(x) avx2_f32_##x
#include "depthwise_body.h"
#undef REAL
#undef LANES
#undef NAME
#define REAL double
#define LANES 4
#define NAME(x) avx2_f64_##x
#include "depthwise_body.h"
#undef REAL
#undef LANES
#undef NAME
#undef PIXELS
#undef TAPS
#pragma clang attribute pop
#endif

#if defined(MARTLET_BUILDS_AVX512)
#pragma clang attribute push(__attribute__((target(MARTLET_TARGET_AVX512))), apply_to = function)
#define PIXELS 16
#define TAPS 8
#define REAL float
#define LANES 16
#define NAME(x) avx512_f32_##x
#include "depthwise_body.h"
#undef REAL
#undef LANES
#undef NAME
#define REAL double
#define LANES 8
#define NAME(x) avx512_f64_##x
#include "depthwise_body.h"
#undef REAL
#undef LANES
#undef NAME
#undef PIXELS
#undef TAPS
#pragma clang attribute pop
#endif

#if defined(MARTLET_BUILDS_NEON)
#define PIXELS 16
#define TAPS 8
#define REAL float
#define LANES 4
#define NAME(x) neon_f32_##x
#include "depthwise_body.h"
#undef REAL
#undef LANES
#undef NAME
#define REAL double
#define LANES 2
#define NAME(x) neon_f64_##x
#include "depthwise_body.h"
#undef REAL
#undef LANES
#undef NAME
#undef PIXELS
#undef TAPS
#endif

const martlet_depthwise_kernels *martlet_depthwise_table(martlet_isa isa, int is_double) {
  switch (isa) {
#if defined(MARTLET_BUILDS_AVX2)
  case MARTLET_ISA_AVX2:
    return is_double ? &avx2_f64_table : &avx2_f32_table;
#endif
#if defined(MARTLET_BUILDS_AVX512)
  case MARTLET_ISA_AVX512:
    return is_double ? &avx512_f64_table : &avx512_f32_table;
#endif
#if defined(MARTLET_BUILDS_NEON)
  case MARTLET_ISA_NEON:
    return is_double ? &neon_f64_table : &neon_f32_table;
#endif
  default:
    return is_double ? &portable_f64_table : &portable_f32_table;
  }
}
