#include "martlet_winograd_weights.h"

#include "winograd_table.h"

#include <stddef.h>

#define PLAIN_FMA(a, b, c) ((a) * (b) + (c))
#define VECTOR_FMA(a, b, c) __builtin_elementwise_fma(a, b, c)

#define REAL float

// Portable: 16-byte vectors, which every 64-bit processor has.
#define FMA PLAIN_FMA
#define LANES 4
#define VECTORS 2
#define HEIGHT 4
#define HEIGHTS(X) X(4)
#define NAME(x) portable_##x
#include "winograd_weights_body.h"
#undef FMA
#undef LANES
#undef VECTORS
#undef HEIGHT
#undef HEIGHTS
#undef NAME

#define FMA VECTOR_FMA

#if defined(MARTLET_BUILDS_AVX2)
#pragma clang attribute push(__attribute__((target(MARTLET_TARGET_AVX2))), apply_to = function)
#define LANES 8
#define VECTORS 2
#define HEIGHT 6
#define HEIGHTS(X) X(4) X(5) X(6)
#define NAME(x) avx2_##x
#include "winograd_weights_body.h"
#undef LANES
#undef VECTORS
#undef HEIGHT
#undef HEIGHTS
#undef NAME
#pragma clang attribute pop
#endif

#if defined(MARTLET_BUILDS_AVX512)
#pragma clang attribute push(__attribute__((target(MARTLET_TARGET_AVX512))), apply_to = function)
#define LANES 16
#define VECTORS 2
#define HEIGHT 8
#define HEIGHTS(X) X(4) X(6) X(8)
#define NAME(x) avx512_##x
#include "winograd_weights_body.h"
#undef LANES
#undef VECTORS
#undef HEIGHT
#undef HEIGHTS
#undef NAME
#pragma clang attribute pop
#endif

#if defined(MARTLET_BUILDS_NEON)
#define LANES 4
#define VECTORS 4
#define HEIGHT 6
#define HEIGHTS(X) X(4) X(5) X(6)
#define NAME(x) neon_##x
#include "winograd_weights_body.h"
#undef LANES
#undef VECTORS
#undef HEIGHT
#undef HEIGHTS
#undef NAME
#endif

const martlet_winograd_weights_kernels *martlet_winograd_weights_table(martlet_isa isa, int outputs, int taps) {
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
