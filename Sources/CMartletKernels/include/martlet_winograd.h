#ifndef MARTLET_WINOGRAD_H
#define MARTLET_WINOGRAD_H

#include "martlet_isa.h"

// The transforms of Winograd's convolutions F(4×4, 3×3), F(3×3, 3×3), F(2×2, 3×3), F(4×4, 2×2) and F(3×3, 4×4) on
// channels-last float32 images; the products between them are those of martlet_gemm.h. Strides count elements.
//
// With tiles of m × m outputs and kernels of r × r taps there are (m + r - 1)² frequencies. Tiles are numbered
// [image][sub-grid row][sub-grid column][tile row][tile column]: a convolution of dilation d is d² convolutions of
// dilation 1, one on every d-th row and column from each of the first d on (as far as there are so many). Sub-grids
// of one image have equally many tiles; where the image does not fill the last ones, they read zeros and write nothing.
// An image is a stack of slices: the same tiles are taken in some of them, one slice after the other.

/// One side of a convolution, source or result: pixel (i, j) of a tile that is number (y, x) in sub-grid (a, b) is
/// image row origin[0] + a + (y * m + i) * step[0] and likewise the column.
typedef struct {
  /// Rows and columns of an image, and its slices.
  long size[2];
  long depth;
  /// Where row and column 0 of the tiles lie in the image.
  long origin[2];
  /// The first slice that is taken, and how far the next one is. Those outside the image read zeros and write
  /// nothing.
  long first_slice;
  long slice_step;
  long image_stride;
  long slice_stride;
  long row_stride;
  long column_stride;
} martlet_winograd_plane;

/// A run of tiles in some slices, and how all tiles are numbered.
typedef struct {
  /// From one pixel of a tile to the next, in rows and columns of the image: the convolution's dilation, or its stride
  /// on the side that is stepped over.
  long step[2];
  /// Sub-grids along rows and columns of an image.
  long subgrids[2];
  /// Tile rows and columns of a sub-grid.
  long tiles[2];
  long first;
  long count;
  /// How many slices: tile i of the run in slice s is tile s * count + i of all.
  long slices;
} martlet_winograd_tiles;

/// Source pixels to frequencies: frequencies[f * frequency_stride + i * tile_stride + c] for the i-th tile of all.
typedef struct {
  martlet_winograd_tiles tiles;
  martlet_winograd_plane plane;
  const float *source;
  long channels;
  /// If not null, a pixel x is taken as (x - mean[c]) * scale[c] + shift[c]; pixels outside the image stay zero.
  const float *mean;
  const float *scale;
  const float *shift;
  /// Whether negative results of that are read as zero.
  int rectify;
  /// Floats, or what a table of other kernels writes; strides count those.
  void *frequencies;
  long frequency_stride;
  long tile_stride;
} martlet_winograd_input;

/// Frequencies to result pixels, with the bias and the addend (or null) added and negative results replaced by zero if
/// `rectify`.
typedef struct {
  martlet_winograd_tiles tiles;
  martlet_winograd_plane plane;
  const float *frequencies;
  long frequency_stride;
  long tile_stride;
  float *result;
  long channels;
  const float *bias;
  /// Lies as the result does, or is it.
  const float *addend;
  int rectify;
  /// Whether to write past the caches: pixels must then be aligned to 64 bytes, their channels a multiple of 16.
  int stream;
  /// If not null, pivots[c] becomes some number near the run's results y before they are added to and rectified, sums[c] the sum over
  /// its pixels of (y - pivots[c]) and squares[c] that of its square.
  float *pivots;
  float *sums;
  float *squares;
} martlet_winograd_output;

/// Weights to frequencies, a panel of right operands:
/// panel[f * frequency_stride + s * width + n] is frequency f of the r × r weights (contiguous, row by row) that start
/// at weights[s * step_stride + n * column_stride]; zero from `columns` on. The smaller of both strides is that from
/// one r × r to the next.
typedef struct {
  const float *weights;
  long columns;
  long column_stride;
  long steps;
  long step_stride;
  /// Whether to take the weights in reverse order, as the gradient's convolution does.
  int flipped;
  float *panel;
  long width;
  long frequency_stride;
} martlet_winograd_weights;

/// The same from weights that were brought into the panel's order before:
/// panel[f * frequency_stride + s * width + n] is frequency f of weights[s * step_stride + tap * width + n].
typedef struct {
  const float *weights;
  long steps;
  long step_stride;
  int flipped;
  float *panel;
  long width;
  long frequency_stride;
} martlet_winograd_ordered_weights;

// A convolution of stride 2 is one of stride 1 on the polyphase components of its input: component (a, b) has the input's
// rows 2i + a and columns 2j + b, and of a kernel of up to 2r × 2r the taps (2i + a, 2j + b), r × r with zeros for those
// that are missing.

/// A row of all components side by side, [column][component][component's channels] and whatever lies in front of the next
/// column; from some of the channels of a channels-last image.
typedef struct {
  /// The image's rows that components (0, b) and (1, b) have, or null where there is none: that leaves what is there.
  const float *rows[2];
  /// Where component (a, b) lies in a column.
  long starts[2][2];
  /// Pixels of such a row, and the number of the one that is in column 0, which is negative where there is padding.
  long width;
  long first;
  long channels;
  /// Those of the components, and from one to the next.
  long columns;
  long column_stride;
  /// If not null, a pixel x is taken as (x - mean[c]) * scale[c] + shift[c].
  const float *mean;
  const float *scale;
  const float *shift;
  /// Whether negative results of that are read as zero.
  int rectify;
} martlet_winograd_component_row;

/// The transforms of one instruction set and one tile.
typedef struct {
  /// Channels that are transformed at once. Fewer are slow.
  int lanes;
  void (*transform_input)(const martlet_winograd_input *input);
  void (*transform_output)(const martlet_winograd_output *output);
  void (*transform_weights)(const martlet_winograd_weights *weights);
  void (*transform_ordered_weights)(const martlet_winograd_ordered_weights *weights);
  /// The same for all tiles.
  void (*gather_components)(const martlet_winograd_component_row *row, float *components);
} martlet_winograd_kernels;

/// The transforms for tiles of outputs × outputs pixels and kernels of taps × taps: 2, 3 or 4 and 3, 4 and 2, or 3 and 4.
const martlet_winograd_kernels *martlet_winograd_table(martlet_isa isa, int outputs, int taps);

/// Some kernels of `taps` numbers each to those of the components: number t of kernel k goes to
/// components[places[t] + k * pitch].
void martlet_winograd_split(
    const float *kernels, long count, long taps, const long *places, long pitch, float *components);

/// The reverse.
void martlet_winograd_join(
    const float *components, long count, long taps, const long *places, long pitch, float *kernels);

#endif
