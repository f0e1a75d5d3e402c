#ifndef MARTLET_DEPTHWISE_H
#define MARTLET_DEPTHWISE_H

#include "martlet_convolution.h"
#include "martlet_isa.h"

// Convolutions of each channel by itself.

/// A tap that some pixels of a grid row read inside the source.
typedef struct {
  /// What column 0 reads, also where that lies outside.
  const char *source;
  /// Columns that read inside the source.
  long first_column;
  long end_column;
  /// Which of the weights it is multiplied by.
  long weight;
} martlet_depthwise_tap;

/// Some rows of a grid and some of their columns:
/// output[pixel][c] = sum over taps t of source[t][pixel][c] * weights[weight[t]][c] + bias[c].
/// Taps outside the source are left out.
typedef struct {
  const martlet_pixel_map *map;
  /// Rows of the grid [batch, depth, height].
  long first_row;
  long rows;
  long first_column;
  long columns;
  long channels;
  /// The weight that each tap of the map takes.
  const long *weight_of_tap;
  /// [channels / lanes][weight_count][lanes]; the last block's missing channels are not read.
  const void *weights;
  long weight_count;
  const void *bias;
  int rectify;
  /// Room for as many taps as the map has.
  martlet_depthwise_tap *taps;
} martlet_depthwise_rows;

/// A sum over pixels, on rows given by pointers as in martlet_gemm.h:
/// sums[t][c] += sum over m of sources[t][m][c] * gradients[m][c].
typedef struct {
  long rows;
  long channels;
  long taps;
  /// Source rows, `sources[t * source_pitch + m]`.
  const void *const *sources;
  long source_pitch;
  const void *const *gradients;
  void *sums;
} martlet_depthwise_sums;

typedef struct {
  /// Channels that are computed together.
  int lanes;
  void (*multiply)(const martlet_depthwise_rows *rows);
  void (*add_weight_products)(const martlet_depthwise_sums *sums);
} martlet_depthwise_kernels;

/// The kernels for float (`is_double` zero) or double.
const martlet_depthwise_kernels *martlet_depthwise_table(martlet_isa isa, int is_double);

#endif
