#ifndef MARTLET_DEPTHWISE_H
#define MARTLET_DEPTHWISE_H

#include "martlet_convolution.h"
#include "martlet_isa.h"

// Convolutions of each channel by itself.

/// Neighbouring taps of one kernel row: column i reads with tap k what column i + 1 reads with tap k - 1.
typedef struct {
  /// At most as many as `run_taps` of the kernels.
  long taps;
  /// The first tap's weight, and from there to the next tap's.
  long weight;
  long weight_step;
} martlet_depthwise_run;

/// Some columns and some channels of a row of a grid. Taps outside the source are left out.
typedef struct {
  /// In place of its taps it has the first one of each run, in rising order of offsets.
  const martlet_pixel_map *map;
  const martlet_depthwise_run *runs;
  /// Of the rows [batch, depth, height].
  long row;
  long first_column;
  long columns;
  /// Of a pixel, and the vectors of them to compute. The last vector of a pixel ends with its last channel; fewer
  /// channels than a vector has are one vector all the same.
  long channels;
  long first_vector;
  long vectors;
  /// [vector][weight_count][lanes]: weights, or the sums of their gradients.
  void *weights;
  long weight_count;
  const void *bias;
  int rectify;
} martlet_depthwise_block;

typedef struct {
  /// Channels in a vector.
  int lanes;
  /// The longest run of taps.
  int run_taps;
  /// output[pixel][c] = sum over taps of source[pixel, tap][c] * weights[tap][c] + bias[c]
  void (*multiply)(const martlet_depthwise_block *block);
  /// weights[tap][c] += sum over pixels of source[pixel, tap][c] * output[pixel][c]. The output is only read.
  void (*add_weight_products)(const martlet_depthwise_block *block);
} martlet_depthwise_kernels;

/// The kernels for float (`is_double` zero) or double.
const martlet_depthwise_kernels *martlet_depthwise_table(martlet_isa isa, int is_double);

#endif
