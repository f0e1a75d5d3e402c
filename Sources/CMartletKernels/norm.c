#include "martlet_norm.h"
#include <math.h>

#define FMA(a, b, c) ((a) * (b) + (c))
#define REAL double
#define FN(name) name##_f64
#include "norm_body.h"
#undef REAL
#undef FN

#define REAL float
#define FN(name) name##_portable
#include "norm_body.h"
#undef FN
#undef FMA

#define FMA(a, b, c) __builtin_elementwise_fma(a, b, c)

#if defined(MARTLET_BUILDS_AVX2)
#pragma clang attribute push(__attribute__((target(MARTLET_TARGET_AVX2))), apply_to = function)
#define FN(name) name##_avx2
#include "norm_body.h"
#undef FN
#pragma clang attribute pop
#endif

#if defined(MARTLET_BUILDS_AVX512)
#pragma clang attribute push(__attribute__((target(MARTLET_TARGET_AVX512))), apply_to = function)
#define FN(name) name##_avx512
#include "norm_body.h"
#undef FN
#pragma clang attribute pop
#endif

#if defined(MARTLET_BUILDS_NEON)
#define FN(name) name##_neon
#include "norm_body.h"
#undef FN
#endif

const martlet_norm_table *martlet_norm_table_f32(martlet_isa isa) {
  switch (isa) {
#if defined(MARTLET_BUILDS_AVX2)
  case MARTLET_ISA_AVX2:
    return &table_avx2;
#endif
#if defined(MARTLET_BUILDS_AVX512)
  case MARTLET_ISA_AVX512:
    return &table_avx512;
#endif
#if defined(MARTLET_BUILDS_NEON)
  case MARTLET_ISA_NEON:
    return &table_neon;
#endif
  default:
    return &table_portable;
  }
}

// Doubles are for checks: one plain version is enough.
const martlet_norm_table *martlet_norm_table_f64(martlet_isa isa) {
  (void)isa;
  return &table_f64;
}
