#ifndef MARTLET_DEPTHWISE_H
#define MARTLET_DEPTHWISE_H

#include "martlet_isa.h"

// Convolutions of each channel by itself, on rows given by pointers as in martlet_gemm.h.

typedef struct {
  long rows;
  long channels;
  long taps;
  /// Source rows, `sources[t * source_pitch + m]`.
  const void *const *sources;
  long source_pitch;
  /// Forward: outputs[m][c] = sum over t of sources[t][m][c] * weights[t][c] + bias[c].
  /// Weight gradients: sums[t][c] += sum over m of sources[t][m][c] * outputs[m][c].
  void *const *outputs;
  const void *weights;
  const void *bias;
  int rectify;
  void *sums;
} martlet_depthwise_block;

typedef struct {
  void (*multiply)(const martlet_depthwise_block *block);
  void (*add_weight_products)(const martlet_depthwise_block *block);
} martlet_depthwise_kernels;

/// The kernels for float (`is_double` zero) or double.
const martlet_depthwise_kernels *martlet_depthwise_table(martlet_isa isa, int is_double);

#endif
