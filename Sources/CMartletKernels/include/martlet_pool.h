#ifndef MARTLET_POOL_H
#define MARTLET_POOL_H

#include "martlet_isa.h"
#include <stddef.h>
#include <stdint.h>

// Along the innermost space axis: element `o` of the output reads the elements source[start[o]] … of the input,
// up to start[o + 1]. The same structure, turned round, says which outputs an input's gradient comes from.
// Sources are in pixels. `number` is the tap's number in the window, `weight` its factor.
typedef struct {
  const int32_t *start;
  const int32_t *source;
  const int32_t *number;
  const void *weight;
} martlet_pool_axis;

// The rows of the input that one row of the output reads: where each begins (elements from the first argument's
// address), the number of its first tap in the window, and its factor.
typedef struct {
  const int64_t *offset;
  const int32_t *number;
  const void *weight;
  ptrdiff_t count;
} martlet_pool_rows;

// Leaf kernels of pooling and resampling, on pixels of `channels` neighbouring elements. `void *` is the table's
// floating-point type: float or double. `stream`: the output is too large for the caches.
typedef struct {
  // One row of max pooling: the largest tap (NaN above all, the first of equals) and its number, as uint8_t or,
  // where `wide` is set, as int32_t.
  void (*max_row)(const void *x, martlet_pool_rows rows, martlet_pool_axis axis, ptrdiff_t width,
                  ptrdiff_t channels, int wide, void *y, void *index);

  // One row of its gradient: the sum of dy over the windows whose largest tap this pixel was. Rows and sources
  // are those of the output here, `number` the tap that this pixel is in that window.
  void (*max_gradient_row)(const void *dy, const void *index, martlet_pool_rows rows, martlet_pool_axis axis,
                           ptrdiff_t width, ptrdiff_t channels, int wide, int stream, void *dx);

  // One row of the taps whose numbers are given in `index`, as max_row writes them.
  void (*select_row)(const void *x, const void *index, martlet_pool_rows rows, martlet_pool_axis axis,
                     ptrdiff_t width, ptrdiff_t channels, int wide, void *y);

  // One row of a weighted sum: first over rows, into `scratch` (source_width·channels elements), then along it.
  void (*resample_row)(const void *x, martlet_pool_rows rows, martlet_pool_axis axis, ptrdiff_t source_width,
                       ptrdiff_t width, ptrdiff_t channels, int stream, void *scratch, void *y);
} martlet_pool_table;

const martlet_pool_table *martlet_pool_table_f32(martlet_isa isa);
const martlet_pool_table *martlet_pool_table_f64(martlet_isa isa);

#endif
