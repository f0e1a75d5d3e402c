#include "martlet_copy.h"
#include <string.h>

#define FN(name) name##_portable
#include "copy_body.h"
#undef FN

#if defined(MARTLET_BUILDS_AVX2)
#pragma clang attribute push(__attribute__((target(MARTLET_TARGET_AVX2))), apply_to = function)
#define FN(name) name##_avx2
#include "copy_body.h"
#undef FN
#pragma clang attribute pop
#endif

#if defined(MARTLET_BUILDS_AVX512)
#pragma clang attribute push(__attribute__((target(MARTLET_TARGET_AVX512))), apply_to = function)
#define FN(name) name##_avx512
#include "copy_body.h"
#undef FN
#pragma clang attribute pop
#endif

// On NEON machines the portable kernels are already compiled for it.
const martlet_copy_table *martlet_copy_table_for(martlet_isa isa) {
  switch (isa) {
#if defined(MARTLET_BUILDS_AVX2)
  case MARTLET_ISA_AVX2:
    return &table_avx2;
#endif
#if defined(MARTLET_BUILDS_AVX512)
  case MARTLET_ISA_AVX512:
    return &table_avx512;
#endif
  default:
    return &table_portable;
  }
}
