#ifndef MARTLET_LIMITS_H
#define MARTLET_LIMITS_H

#include "martlet_isa.h"

// Loops that find a machine's limits, for benchmarks to set kernels against. They compute nothing of use.

typedef struct {
  /// Floats of a vector.
  int lanes;
  /// Vectors that one round multiplies and adds.
  int chains;
  /// Multiply-adds on registers, each vector independent of the others. The result depends on all of them.
  float (*multiply_add)(long rounds);
  /// Sums `count` floats.
  float (*read)(const float *source, long count);
  /// Copies `count` floats past the caches, both sides aligned to 64 bytes.
  void (*copy)(float *target, const float *source, long count);
} martlet_limits_loops;

const martlet_limits_loops *martlet_limits_table(martlet_isa isa);

#endif
