#ifndef MARTLET_ISA_H
#define MARTLET_ISA_H

// The instruction sets that leaf kernels are written for. A family of kernels offers
// `const martlet_<family>_table *martlet_<family>_table(martlet_isa isa)`, which gives the portable table
// for a set that this build does not know.
typedef enum {
  MARTLET_ISA_PORTABLE = 0,
  MARTLET_ISA_AVX2 = 1,
  MARTLET_ISA_AVX512 = 2,
  MARTLET_ISA_NEON = 3,
} martlet_isa;

// Which sets this build holds code for, and the features that their code may use. A kernel file wraps the
// include of its body in
//   #pragma clang attribute push(__attribute__((target(MARTLET_TARGET_AVX2))), apply_to = function)
#if defined(__x86_64__)
#define MARTLET_BUILDS_AVX2 1
#define MARTLET_BUILDS_AVX512 1
#define MARTLET_TARGET_AVX2 "avx2,fma"
#define MARTLET_TARGET_AVX512 "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma"
#elif defined(__aarch64__)
// Advanced SIMD is part of the base architecture: no attribute is needed.
#define MARTLET_BUILDS_NEON 1
#endif

/// Whether the processor and the operating system can run `isa`, and this build holds its code.
int martlet_isa_supported(martlet_isa isa);

#endif
