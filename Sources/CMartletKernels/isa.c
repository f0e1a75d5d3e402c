#include "martlet_isa.h"

int martlet_isa_supported(martlet_isa isa) {
  switch (isa) {
  case MARTLET_ISA_PORTABLE:
    return 1;
#if defined(MARTLET_BUILDS_AVX2)
  // The builtin also asks whether the operating system saves the wide registers.
  case MARTLET_ISA_AVX2:
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  case MARTLET_ISA_AVX512:
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
#if defined(MARTLET_BUILDS_NEON)
  case MARTLET_ISA_NEON:
    return 1;
#endif
  default:
    return 0;
  }
}
