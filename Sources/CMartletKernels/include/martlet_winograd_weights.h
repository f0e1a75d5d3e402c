#ifndef MARTLET_WINOGRAD_WEIGHTS_H
#define MARTLET_WINOGRAD_WEIGHTS_H

#include "martlet_isa.h"

// The gradient of a convolution of stride 1 with respect to its r×r weights by Winograd's F(m×m, r×r), float32:
//   dW = Gᵀ [ Σ over tiles (Bᵀ d B) ⊗ (A dY Aᵀ) ] G
// where d is a tile of (m + r - 1)² input pixels, dY one of m² pixels of the output's gradient, and the product is taken
// for each of the (m + r - 1)² frequencies as an outer product of channels. A kernel of some depth is as many such sums,
// one for each tap along the depth, in which d is taken from another slice.
//
// Transformed tiles lie as [frequency][channel / 16][tile][16], the sums over tiles as
// [frequency][output channel / 16][tap][input channel][16]. Channels that fill no block of 16 are followed by zeros.
// All strides count floats.

/// The tiles of a slice of channels-last images, numbered [image][row phase][column phase][tile row][tile column].
///
/// With a dilation above 1 each phase is a plain convolution of its own: the pixels of a tile are `step` apart. Tiles
/// of the phases are equal in number; what reaches over the image reads zeros.
typedef struct {
  const float *pixels;
  long image_stride;
  long slice_stride;
  long row_stride;
  long pixel_stride;
  long depth;
  long height;
  long width;
  long channels;
  /// One outside the image reads zeros.
  long slice;
  /// The row and column of the first pixel of tile 0 of phase 0: outside the image where there is padding.
  long top;
  long left;
  /// From one pixel of a tile to the next, in rows and columns of the image.
  long row_step;
  long column_step;
  long row_phases;
  long column_phases;
  /// Tiles of one phase.
  long tiles_high;
  long tiles_wide;
  /// Where not null, pixels inside the image are read as (pixel - mean[channel]) * scale[channel] + shift[channel].
  const float *mean;
  const float *scale;
  const float *shift;
  /// Whether negative results of that are read as zero.
  int rectify;
} martlet_winograd_image;

/// Where transformed tiles lie.
typedef struct {
  float *values;
  long frequency_stride;
  long block_stride;
} martlet_winograd_tile_block;

/// sums[k / 16][d][c][k % 16] (+)= Σ over tiles of left[c] * right[k] at one frequency, the first of what is given, for
/// blocks of 16 channels each and taps d along the depth, for which the left operand's tiles begin d * tap_tiles tiles
/// further on. The left operand's channels go by fours: sums of a block's channels beyond that are left as they were.
typedef struct {
  long tiles;
  long taps;
  long tap_tiles;
  martlet_winograd_tile_block left;
  martlet_winograd_tile_block right;
  long left_channels;
  long right_blocks;
  martlet_winograd_tile_block sums;
  /// From the sums of one tap to those of the next.
  long sums_tap_stride;
  /// Whether to add to the sums instead of replacing them.
  int accumulate;
} martlet_winograd_products;

/// gradient[k][c][d][r][r] (+)= Gᵀ sums G for the channels of a block of weights and some taps d.
typedef struct {
  martlet_winograd_tile_block sums;
  long taps;
  long left_channels;
  long right_channels;
  /// The block's first element, and from one output channel and one input channel to the next.
  float *gradient;
  long gradient_stride;
  long kernel_stride;
  int accumulate;
} martlet_winograd_gradient_block;

/// Of `count` tiles from number `first` on.
typedef void (*martlet_winograd_tile_transform)(
    const martlet_winograd_image *image, long first, long count, const martlet_winograd_tile_block *to);

typedef struct {
  /// Bᵀ d B
  martlet_winograd_tile_transform transform_input;
  /// A dY Aᵀ
  martlet_winograd_tile_transform transform_gradient;
  void (*multiply)(const martlet_winograd_products *products);
  void (*write_gradient)(const martlet_winograd_gradient_block *block);
} martlet_winograd_weights_kernels;

/// The kernels for tiles of outputs × outputs pixels and weights of taps × taps: 2, 3 or 4 and 3, 4 and 2, or 3
/// and 4.
const martlet_winograd_weights_kernels *martlet_winograd_weights_table(martlet_isa isa, int outputs, int taps);

#endif
