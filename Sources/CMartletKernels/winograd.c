#include "martlet_winograd.h"

#include "martlet_masks.h"
#include "winograd_table.h"

#include <math.h>
#include <stddef.h>

#define PLAIN_FMA(a, b, c) ((a) * (b) + (c))
#define VECTOR_FMA(a, b, c) __builtin_elementwise_fma(a, b, c)

// The lower and upper halves of two vectors, element by element in turns.
#define LOWER_4(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define UPPER_4(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#define LOWER_8(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define UPPER_8(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#define LOWER_16(a, b) \
  __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define UPPER_16(a, b) \
  __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)

#define REAL float
#define FMA PLAIN_FMA
#define LANES 4
#define LOWER LOWER_4
#define UPPER UPPER_4
#define NAME(x) portable_##x
#include "winograd_body.h"
#undef NAME
#undef FMA

#define FMA VECTOR_FMA

#if defined(MARTLET_BUILDS_NEON)
#define NAME(x) neon_##x
#include "winograd_body.h"
#undef NAME
#endif

#undef LANES
#undef LOWER
#undef UPPER

#if defined(MARTLET_BUILDS_AVX2)
#pragma clang attribute push(__attribute__((target(MARTLET_TARGET_AVX2))), apply_to = function)
#define LANES 8
#define LOWER LOWER_8
#define UPPER UPPER_8
#define NAME(x) avx2_##x
#include "winograd_body.h"
#undef LANES
#undef LOWER
#undef UPPER
#undef NAME
#pragma clang attribute pop
#endif

#if defined(MARTLET_BUILDS_AVX512)
#pragma clang attribute push(__attribute__((target(MARTLET_TARGET_AVX512))), apply_to = function)
#define LANES 16
#define MASKED_LOAD MASKED_LOAD_FLOAT
#define MASKED_STORE MASKED_STORE_FLOAT
#define LOWER LOWER_16
#define UPPER UPPER_16
#define NAME(x) avx512_##x
#include "winograd_body.h"
#undef LANES
#undef LOWER
#undef UPPER
#undef NAME
#pragma clang attribute pop
#endif

const martlet_winograd_kernels *martlet_winograd_table(martlet_isa isa, int outputs, int taps) {
  switch (isa) {
#if defined(MARTLET_BUILDS_AVX2)
  case MARTLET_ISA_AVX2:
    return OF_TILE(avx2);
#endif
#if defined(MARTLET_BUILDS_AVX512)
  case MARTLET_ISA_AVX512:
    return OF_TILE(avx512);
#endif
#if defined(MARTLET_BUILDS_NEON)
  case MARTLET_ISA_NEON:
    return OF_TILE(neon);
#endif
  default:
    return OF_TILE(portable);
  }
}
