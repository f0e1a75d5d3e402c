#include "martlet_limits.h"

#define PLAIN_FMA(a, b, c) ((a) * (b) + (c))
#define VECTOR_FMA(a, b, c) __builtin_elementwise_fma(a, b, c)

// Enough chains to hide the latency of a product and a sum in all units, few enough for the registers.

// Portable: 16-byte vectors, which every 64-bit processor has.
#define LANES 4
#define CHAINS 12
#define FMA PLAIN_FMA
#define NAME(x) portable_##x
#include "limits_body.h"
#undef LANES
#undef CHAINS
#undef FMA
#undef NAME

#define FMA VECTOR_FMA

#if defined(MARTLET_BUILDS_AVX2)
#pragma clang attribute push(__attribute__((target(MARTLET_TARGET_AVX2))), apply_to = function)
#define LANES 8
#define CHAINS 12
#define NAME(x) avx2_##x
#include "limits_body.h"
#undef LANES
#undef CHAINS
#undef NAME
#pragma clang attribute pop
#endif

#if defined(MARTLET_BUILDS_AVX512)
#pragma clang attribute push(__attribute__((target(MARTLET_TARGET_AVX512))), apply_to = function)
#define LANES 16
#define CHAINS 24
#define NAME(x) avx512_##x
#include "limits_body.h"
#undef LANES
#undef CHAINS
#undef NAME
#pragma clang attribute pop
#endif

#if defined(MARTLET_BUILDS_NEON)
#define LANES 4
#define CHAINS 24
#define NAME(x) neon_##x
#include "limits_body.h"
#undef LANES
#undef CHAINS
#undef NAME
#endif

const martlet_limits_loops *martlet_limits_table(martlet_isa isa) {
  switch (isa) {
#if defined(MARTLET_BUILDS_AVX2)
  case MARTLET_ISA_AVX2:
    return &avx2_table;
#endif
#if defined(MARTLET_BUILDS_AVX512)
  case MARTLET_ISA_AVX512:
    return &avx512_table;
#endif
#if defined(MARTLET_BUILDS_NEON)
  case MARTLET_ISA_NEON:
    return &neon_table;
#endif
  default:
    return &portable_table;
  }
}
