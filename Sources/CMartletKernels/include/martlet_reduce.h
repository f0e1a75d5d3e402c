#ifndef MARTLET_REDUCE_H
#define MARTLET_REDUCE_H

#include "martlet_elementwise.h"

typedef enum {
  MARTLET_REDUCE_SUM,
  MARTLET_REDUCE_SUM_OF_SQUARES,
  MARTLET_REDUCE_MAXIMUM, // not a number where any element is
  MARTLET_REDUCE_MINIMUM,
  MARTLET_REDUCE_PRODUCT,
} martlet_reduction;

// Reductions of float or double into double, so that sums of many pieces can be added without loss.
typedef struct {
  // out[r] = reduction of n neighbours from x + r · row_stride. For maximum and minimum n ≥ 1.
  void (*_Nonnull rows)(
      martlet_reduction, const void *_Nonnull x, ptrdiff_t row_stride, size_t rows, size_t n,
      double *_Nonnull out);
  // out[c] = reduction over rows of x[r · row_stride + c]; rows ≥ 1.
  void (*_Nonnull columns)(
      martlet_reduction, const void *_Nonnull x, ptrdiff_t row_stride, size_t rows, size_t columns,
      double *_Nonnull out);
  // out[r] = the first i with the largest (smallest where `smallest`) of x[r · row_stride + i · stride]; what is not
  // a number counts as beyond all numbers. n ≥ 1.
  void (*_Nonnull index_rows)(
      int smallest, const void *_Nonnull x, ptrdiff_t row_stride, size_t rows, ptrdiff_t stride, size_t n,
      int64_t *_Nonnull out);
} martlet_reduce_table_t;

/// `is_double` tells double from float.
const martlet_reduce_table_t *_Nonnull martlet_reduce_table(martlet_isa, int is_double);

// into = the reduction of `into` and `part`, n elements.
void martlet_reduce_merge(martlet_reduction, double *_Nonnull into, const double *_Nonnull part, size_t n);

#endif
