// Includes BODY for float and double of every instruction set that this build holds code for. A body ends with a
// constant `NAME(table)`; RETURN_TABLE gives the address of the one asked for.

#include "martlet_isa.h"

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang diagnostic push
// No family of kernels uses all of the elementary functions.
#pragma clang diagnostic ignored "-Wunused-function"

#define SET portable
#include "elementwise_reals.h"
#undef SET

#if defined(MARTLET_BUILDS_AVX2)
#define SET avx2
#pragma clang attribute push(__attribute__((target(MARTLET_TARGET_AVX2))), apply_to = function)
#include "elementwise_reals.h"
#pragma clang attribute pop
#undef SET
#define CASE_AVX2(is_double)                                                                                  \
  case MARTLET_ISA_AVX2: return (is_double) ? &table_f64_avx2 : &table_f32_avx2;
#else
#define CASE_AVX2(is_double)
#endif

#if defined(MARTLET_BUILDS_AVX512)
#define SET avx512
#pragma clang attribute push(__attribute__((target(MARTLET_TARGET_AVX512))), apply_to = function)
#include "elementwise_reals.h"
#pragma clang attribute pop
#undef SET
#define CASE_AVX512(is_double)                                                                                \
  case MARTLET_ISA_AVX512: return (is_double) ? &table_f64_avx512 : &table_f32_avx512;
#else
#define CASE_AVX512(is_double)
#endif

#pragma clang diagnostic pop

// Where NEON is, it is part of the base architecture and the portable code is compiled for it.
#define RETURN_TABLE(isa, is_double)                                                                          \
  switch (isa) {                                                                                              \
    CASE_AVX2(is_double)                                                                                      \
    CASE_AVX512(is_double)                                                                                    \
  default: return (is_double) ? &table_f64_portable : &table_f32_portable;                                    \
  }
