#include "martlet_convolution.h"

#include <stddef.h>
#include <stdint.h>

#define BITS uint32_t
#define NAME(x) x##_4
#include "convolution_weights_body.h"
#undef BITS
#undef NAME

#define BITS uint64_t
#define NAME(x) x##_8
#include "convolution_weights_body.h"
#undef BITS
#undef NAME

#define SUMS(REAL, NAME)                                                                               \
  void martlet_add_##NAME(REAL *sums, const REAL *terms, long count) {                                 \
    for (long i = 0; i < count; i++) sums[i] += terms[i];                                              \
  }
SUMS(float, float)
SUMS(double, double)
