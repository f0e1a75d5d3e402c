#include "martlet_gemm.h"
#include "gemm_heights.h"
#include "martlet_masks.h"

// Tile shapes. A tile's sums, one row of a panel and one broadcast element must fit the registers, and its
// source pointers the address registers.

#define PLAIN_FMA(a, b, c) ((a) * (b) + (c))
#define VECTOR_FMA(a, b, c) __builtin_elementwise_fma(a, b, c)
#define UNROLL 4

// Portable: 16-byte vectors, which every 64-bit processor has.
#define VECTORS 2
#define HEIGHT 4
#define HEIGHTS HEIGHTS_4
#define NARROW_HEIGHT 6
#define NARROW_HEIGHTS HEIGHTS_6
#define FMA PLAIN_FMA

#define REAL float
#define LANES 4
#define NAME(x) portable_f32_##x
#include "gemm_body.h"
#undef REAL
#undef LANES
#undef NAME

#define REAL double
#define LANES 2
#define NAME(x) portable_f64_##x
#include "gemm_body.h"
#undef REAL
#undef LANES
#undef NAME

#undef HEIGHT
#undef HEIGHTS
#undef NARROW_HEIGHT
#undef NARROW_HEIGHTS

// The shape of the AVX-512 tile in portable code. No vector crosses a call, so the calling convention that
// the warning is about does not matter.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wpsabi"
#define HEIGHT 12
#define HEIGHTS HEIGHTS_12
#define NARROW_HEIGHT 12
#define NARROW_HEIGHTS HEIGHTS_12

#define REAL float
#define LANES 16
#define NAME(x) wide_f32_##x
#include "gemm_body.h"
#undef REAL
#undef LANES
#undef NAME

#define REAL double
#define LANES 8
#define NAME(x) wide_f64_##x
#include "gemm_body.h"
#undef REAL
#undef LANES
#undef NAME

#undef HEIGHT
#undef HEIGHTS
#undef NARROW_HEIGHT
#undef NARROW_HEIGHTS
#undef FMA
#pragma clang diagnostic pop

#define FMA VECTOR_FMA

#if defined(MARTLET_BUILDS_AVX2)
#pragma clang attribute push(__attribute__((target(MARTLET_TARGET_AVX2))), apply_to = function)
#define HEIGHT 6
#define HEIGHTS HEIGHTS_6
#define NARROW_HEIGHT 12
#define NARROW_HEIGHTS HEIGHTS_12

#define REAL float
#define LANES 8
#define NAME(x) avx2_f32_##x
#include "gemm_body.h"
#undef REAL
#undef LANES
#undef NAME

#define REAL double
#define LANES 4
#define NAME(x) avx2_f64_##x
#include "gemm_body.h"
#undef REAL
#undef LANES
#undef NAME

#undef HEIGHT
#undef HEIGHTS
#undef NARROW_HEIGHT
#undef NARROW_HEIGHTS
#pragma clang attribute pop
#endif

#if defined(MARTLET_BUILDS_AVX512)
#pragma clang attribute push(__attribute__((target(MARTLET_TARGET_AVX512))), apply_to = function)
#define HEIGHT 12
#define HEIGHTS HEIGHTS_12
#define NARROW_HEIGHT 12
#define NARROW_HEIGHTS HEIGHTS_12

#define REAL float
#define LANES 16
#define MASKED_LOAD MASKED_LOAD_FLOAT
#define MASKED_STORE MASKED_STORE_FLOAT
#define NAME(x) avx512_f32_##x
#include "gemm_body.h"
#undef MASKED_LOAD
#undef MASKED_STORE
#undef REAL
#undef LANES
#undef NAME

#define REAL double
#define LANES 8
#define MASKED_LOAD MASKED_LOAD_DOUBLE
#define MASKED_STORE MASKED_STORE_DOUBLE
#define NAME(x) avx512_f64_##x
#include "gemm_body.h"
#undef MASKED_LOAD
#undef MASKED_STORE
#undef REAL
#undef LANES
#undef NAME

#undef HEIGHT
#undef HEIGHTS
#undef NARROW_HEIGHT
#undef NARROW_HEIGHTS
#pragma clang attribute pop
#endif

#undef VECTORS

#if defined(MARTLET_BUILDS_NEON)
#define VECTORS 4
#define HEIGHT 6
#define HEIGHTS HEIGHTS_6
#define NARROW_HEIGHT 12
#define NARROW_HEIGHTS HEIGHTS_12

#define REAL float
#define LANES 4
#define NAME(x) neon_f32_##x
#include "gemm_body.h"
#undef REAL
#undef LANES
#undef NAME

#define REAL double
#define LANES 2
#define NAME(x) neon_f64_##x
#include "gemm_body.h"
#undef REAL
#undef LANES
#undef NAME
#endif

const martlet_gemm_kernels *martlet_gemm_table(martlet_isa isa, int is_double) {
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

const martlet_gemm_kernels *martlet_gemm_wide_table(int is_double) {
  return is_double ? &wide_f64_table : &wide_f32_table;
}
