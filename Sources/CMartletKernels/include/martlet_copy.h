#ifndef MARTLET_COPY_H
#define MARTLET_COPY_H

#include "martlet_isa.h"
#include <stddef.h>
#include <stdint.h>

// Leaf kernels that move elements. Strides are in elements and may be negative; `size` is an element's bytes:
// 1, 4 or 8.
typedef struct {
  // Copies `rows` rows of `bytes` neighbouring bytes. Strides are in bytes here. `stream`: the target is too large
  // for the caches.
  void (*rows)(const void *source, ptrdiff_t source_stride, void *target, ptrdiff_t target_stride,
               ptrdiff_t rows, ptrdiff_t bytes, int stream);

  // target[c·target_stride + r] = source[r·source_stride + c] for r < rows and c < columns.
  void (*transpose)(const void *source, ptrdiff_t source_stride, void *target, ptrdiff_t target_stride,
                    ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t size);

  // target[i·target_stride] = source[i·source_stride].
  void (*strided)(const void *source, ptrdiff_t source_stride, void *target, ptrdiff_t target_stride,
                  ptrdiff_t count, ptrdiff_t size);

  // Every element of `target` takes the one at `value`.
  void (*fill)(void *target, const void *value, ptrdiff_t count, ptrdiff_t size);

  // target[i] += source[i].
  void (*add_f32)(float *target, const float *source, ptrdiff_t count);
  void (*add_f64)(double *target, const double *source, ptrdiff_t count);
} martlet_copy_table;

const martlet_copy_table *martlet_copy_table_for(martlet_isa isa);

#endif
