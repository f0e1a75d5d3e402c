#ifndef MARTLET_SOFTMAX_H
#define MARTLET_SOFTMAX_H

#include "martlet_elementwise.h"

// What cross-entropy reads besides the logits. Rows are positions, a row's logits are neighbours.
typedef struct {
  size_t classes;
  // Class indices, one a row: uint8, int32 or int64.
  const void *_Nonnull targets;
  martlet_scalar target_scalar;
  int64_t ignored;
  // One a class, of the logits' type, or null.
  const void *_Nullable weights;
  double weight_sum;
  double smoothing;
} martlet_cross_entropy;

// Softmax and the losses of float or double. Outputs may be the same memory as inputs of their size.
typedef struct {
  // Over the n neighbours of each row.
  void (*_Nonnull rows)(int logarithm, const void *_Nonnull x, void *_Nonnull y, size_t rows, size_t n);
  // Over n elements `stride` apart, for each of `columns` ≤ stride neighbours.
  void (*_Nonnull columns)(
      int logarithm, const void *_Nonnull x, void *_Nonnull y, size_t n, size_t stride, size_t columns);
  void (*_Nonnull gradient_rows)(
      int logarithm, const void *_Nonnull y, const void *_Nonnull dy, void *_Nonnull dx, size_t rows, size_t n);
  void (*_Nonnull gradient_columns)(
      int logarithm, const void *_Nonnull y, const void *_Nonnull dy, void *_Nonnull dx, size_t n, size_t stride,
      size_t columns);
  // For rows first ..< end: each row's loss where `losses` is given, and log Σ exp; sums[0] = the losses' sum and
  // sums[1] = the sum of the targets' weights. Gives the first row whose target is out of range, or `end`.
  size_t (*_Nonnull cross_entropy)(
      const martlet_cross_entropy *_Nonnull, const void *_Nonnull logits, size_t first, size_t end,
      void *_Nullable losses, double *_Nonnull log_sums, double *_Nonnull sums);
  // dx for rows first ..< end; row r's loss has the gradient scale · (dy ? dy[r] : 1).
  void (*_Nonnull cross_entropy_gradient)(
      const martlet_cross_entropy *_Nonnull, const void *_Nonnull logits, const double *_Nonnull log_sums,
      size_t first, size_t end, const void *_Nullable dy, double scale, void *_Nonnull dx);
  // With weights w and p (or null: 1) and l = 1 + (p − 1) · t:
  // loss = w · ((1 − t) · x + l · log(1 + e^−x)); gives the sum, and each where `losses` is given.
  double (*_Nonnull binary_cross_entropy)(
      const void *_Nonnull x, const void *_Nonnull t, const void *_Nullable w, const void *_Nullable p, size_t n,
      void *_Nullable losses);
  void (*_Nonnull binary_cross_entropy_gradient)(
      const void *_Nonnull x, const void *_Nonnull t, const void *_Nullable w, const void *_Nullable p, size_t n,
      const void *_Nullable dy, double scale, void *_Nonnull dx);
} martlet_softmax_table_t;

const martlet_softmax_table_t *_Nonnull martlet_softmax_table(martlet_isa, int is_double);

#endif
