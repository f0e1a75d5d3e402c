#ifndef MARTLET_CONVOLUTION_H
#define MARTLET_CONVOLUTION_H

// What turns a convolution into the products of martlet_gemm.h: tables of row pointers, packed weights and
// unpacked weight gradients. Elements are moved as 4 or 8 bytes; offsets and strides of weights count elements.

/// One kernel tap: where it reads relative to a grid pixel, and the columns of the grid for which it reads
/// inside the source.
typedef struct {
  long offset[3];
  long first_column;
  long end_column;
} martlet_tap;

/// A grid of pixels [batch, depth, height, width], each of which writes one row and reads one source row a tap:
/// source coordinate = grid coordinate * step + tap offset. Strides count bytes.
typedef struct {
  long grid[4];
  long source_size[3];
  long source_stride[4];
  long output_stride[4];
  long step[3];
  const void *source;
  void *output;
  long taps;
  const martlet_tap *tap;
  /// What a tap outside the source reads: a row of zeros.
  const void *zeros;
} martlet_pixel_map;

/// Fills the row pointers of `count` grid pixels from number `first` on: `sources[tap * pitch + i]` and
/// `outputs[i]`.
void martlet_map_pixels(
    const martlet_pixel_map *map, long first, long count, const void **sources, long pitch, void **outputs);

/// Packs one panel of weights, [tap][channel][width]:
/// panel[t][c][n] = weights[column_offsets[n] + channel_offsets[c] + tap_offsets[t]], zero from `columns` on.
typedef struct {
  const void *weights;
  void *panel;
  long width;
  long columns;
  const long *column_offsets;
  long channels;
  const long *channel_offsets;
  long taps;
  const long *tap_offsets;
  /// Whether all of it is one run for each column: channel offsets are multiples of `taps`, tap offsets 0, 1, 2….
  int is_run;
} martlet_weight_panel;

void martlet_pack_weights_4(const martlet_weight_panel *panel);
void martlet_pack_weights_8(const martlet_weight_panel *panel);

/// The reverse, for the sums of weight gradients, [tap][row][pitch]:
/// weights[column_offsets[n] + row_offsets[i] + tap_offsets[t]] = sums[t][i][n].
typedef struct {
  const void *sums;
  long pitch;
  void *weights;
  long columns;
  const long *column_offsets;
  long rows;
  const long *row_offsets;
  long taps;
  const long *tap_offsets;
} martlet_weight_sums;

void martlet_unpack_sums_4(const martlet_weight_sums *sums);
void martlet_unpack_sums_8(const martlet_weight_sums *sums);

/// sums[i] += terms[i].
void martlet_add_float(float *sums, const float *terms, long count);
void martlet_add_double(double *sums, const double *terms, long count);

/// A transposed copy, to[c * to_pitch + r] = from[r * from_pitch + c], in blocks that stay in cache.
void martlet_transpose_4(const void *from, long from_pitch, void *to, long to_pitch, long rows, long columns);
void martlet_transpose_8(const void *from, long from_pitch, void *to, long to_pitch, long rows, long columns);

#endif
