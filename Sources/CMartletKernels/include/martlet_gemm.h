#ifndef MARTLET_GEMM_H
#define MARTLET_GEMM_H

#include "martlet_isa.h"

// Matrix products whose left operand is given row by row, by pointers, and whose right operand is packed in
// panels. Pointers are to float or to double, as the table's maker was asked; strides count elements.

/// One block of an indirect product: for each row m and column n,
/// output[m][n] = sum over taps t and channels c of
/// row[t][m][c] * panel[n / width][panel_taps[t]][c][n % width].
typedef struct {
  /// Rows of the product.
  long rows;
  /// Columns of the product. The last panel may hold fewer than a panel's width; its other columns are zero.
  long columns;
  /// Source rows added up for each row of the product, and the elements of each that this block reads.
  long taps;
  long channels;
  /// Source rows: `sources[t * source_pitch + m]`, each read from element `source_offset` on.
  const void *const *sources;
  long source_pitch;
  long source_offset;
  /// Null, or where each tap's elements start in the one source row that all of them read, `sources[m]`. The packed
  /// taps are those of the block, in order, of as many channels.
  const long *tap_offsets;
  /// Panels, [panel][packed tap][channel][width]; `panel_stride` elements from one to the next. A packed tap has
  /// `panel_channels` channels, of which the block may read fewer: `panels` is where it begins to in the first one.
  const void *panels;
  long panel_channels;
  /// The packed tap that each tap is multiplied by, or null where that is the tap itself.
  const long *panel_taps;
  long panel_stride;
  /// Rows of the product: `outputs[m]`, written from element `output_offset` on.
  void *const *outputs;
  long output_offset;
  /// Whether to add to what the outputs hold.
  int accumulate;
  /// Whether to add what lies `addend_distance` bytes from where each result goes: 0 only where nothing is accumulated.
  int adds;
  long addend_distance;
  /// Whether to replace negative results by zero, after everything else.
  int rectify;
  /// Whether to write past the caches, for results that they could not hold: every row of the product must then be
  /// aligned to 64 bytes from `output_offset` on.
  int stream;
  /// Added to each row, one element a column, or null.
  const void *bias;
  /// What sums are multiplied by before anything is added to them, one element a column: for kernels whose sums are whole
  /// numbers, and for those only.
  const void *scales;
} martlet_gemm_block;

/// One block of a sum of outer products over pixels, for a set of taps that read the same packed source at
/// different places: for tap t, row i of the left panels, column j of the right ones,
/// sums[t][i][j] += sum over lines l, pixels p of left[line[t][l] + offset[t] + p * step][i] * right[l][p][j].
typedef struct {
  long lines;
  long taps;
  /// Left lines, `left_lines[t * lines + l]`; null ones are left out. Packed ones hold panels, `left_panel_stride`
  /// apart. Where that is zero the line is not packed: row i of pixel p is element p * left_step + i.
  const void *const *left_lines;
  /// Elements to skip at the start of a line for tap t; negative where its first pixels lie outside.
  const long *left_offsets;
  /// The pixels that tap t takes of every line.
  const long *first_pixels;
  const long *end_pixels;
  /// Elements from one pixel to the next.
  long left_step;
  long left_panel_stride;
  /// Rows in all. They are spread evenly over ceil(left_rows / height) panels.
  long left_rows;
  /// Right panels, `right_panel_stride` apart, packed or where they lie: `width` elements of each pixel.
  const void *right;
  long right_panel_stride;
  long right_line_stride;
  long right_step;
  long right_panels;
  /// Whether no left line is read by two taps.
  int taps_have_own_lines;
  /// Elements from here to what the next block will read in the same place, or zero: it is fetched early.
  long left_ahead;
  long right_ahead;
  /// [tap][left row][right_panels * width].
  void *sums;
} martlet_outer_block;

/// What is copied into left panels: `pixels` pixels of `channels` elements each, `pixel_stride` apart, cut into
/// ceil(channels / height) panels of nearly equal height, each pixel of a panel taking `height` elements.
typedef struct {
  const void *source;
  long pixels;
  long pixel_stride;
  long channels;
  void *panels;
  long panel_stride;
} martlet_panel_copy;

/// The kernels of one instruction set and one element type.
typedef struct {
  /// Rows of the largest tile, and columns of a panel.
  int height;
  int width;
  int bytes_per_element;
  /// Elements of a vector.
  int lanes;
  void (*multiply)(const martlet_gemm_block *block);
  /// The same for few columns, with vectors along the channels: panels are one column wide, channels a multiple of
  /// `lanes`, and results are not streamed.
  void (*multiply_dots)(const martlet_gemm_block *block);
  void (*add_outer_products)(const martlet_outer_block *block);
  /// Packs left panels (of `height`) or right panels (of `width`) for `add_outer_products`.
  void (*pack_left)(const martlet_panel_copy *copy);
  void (*pack_right)(const martlet_panel_copy *copy);
} martlet_gemm_kernels;

/// The kernels for float (`is_double` zero) or double.
const martlet_gemm_kernels *martlet_gemm_table(martlet_isa isa, int is_double);

/// The AVX-512 tile's shape and source in portable code, so that its logic is tested on every machine.
const martlet_gemm_kernels *martlet_gemm_wide_table(int is_double);

#endif
