#ifndef MARTLET_NORM_H
#define MARTLET_NORM_H

#include "martlet_isa.h"
#include <stddef.h>

// Leaf kernels of the normalisations. `void *` is the table's floating-point type: float or double.
//
// A matrix has `rows` rows of `channels` neighbouring elements. Sums over many rows are kept in the table's type
// for a block of rows and then added to a double, always in the same order.
typedef struct {
  // Per channel over all rows: the mean, and the sum of squared deviations from it. `scratch`: 3·channels.
  void (*moments)(const void *x, ptrdiff_t rows, ptrdiff_t channels, double *mean, double *deviations,
                  void *scratch);

  // From double means and sums of squared deviations over `count` elements: the mean, the variance (divided by
  // the count) and 1/√(variance + epsilon).
  void (*statistics)(const double *mean, const double *deviations, double count, double epsilon,
                     ptrdiff_t channels, void *mean_out, void *variance_out, void *inverse_deviation);

  // 1/√(variance + epsilon) of each.
  void (*inverse_deviations)(const void *variance, double epsilon, ptrdiff_t channels, void *out);

  // One step of running statistics: running ← (1 − momentum)·running + momentum·batch, the batch's variance
  // times `correction` to make it unbiased.
  void (*update_running)(void *running_mean, void *running_variance, const void *mean, const void *variance,
                         double momentum, double correction, ptrdiff_t channels);

  // out[r·channels + c] = a[c], for `repeats` r. Where `b` is not null, a[c]·b[c].
  void (*repeat)(const void *a, const void *b, ptrdiff_t channels, ptrdiff_t repeats, void *out);

  // out[c] = in[c], from double.
  void (*narrow)(const double *in, ptrdiff_t channels, void *out);
  // out[c] = in[c], to double.
  void (*widen)(const void *in, ptrdiff_t channels, double *out);

  // y = (x − mean)·scale + shift, then max(y, 0) where `relu` is set. `stream`: y is too large for the caches.
  void (*apply)(const void *x, ptrdiff_t rows, ptrdiff_t channels, const void *mean, const void *scale,
                const void *shift, int relu, int stream, void *y);

  // Adds to `sums` Σ g and to `products` Σ g·(x − mean), g being dy where apply's y is positive (or all of dy
  // without relu). `scratch`: 2·channels.
  void (*gradient_sums)(const void *x, const void *dy, ptrdiff_t rows, ptrdiff_t channels, const void *mean,
                        const void *scale, const void *shift, int relu, double *sums, double *products,
                        void *scratch);

  // dx = g·scale − ((x − mean)·slope + offset), g as in gradient_sums.
  void (*gradient_input)(const void *x, const void *dy, ptrdiff_t rows, ptrdiff_t channels, const void *mean,
                         const void *scale, const void *shift, int relu, const void *offset,
                         const void *slope, int stream, void *dx);

  // Adds each channel's sum over rows to `sums`. `scratch`: channels.
  void (*sum_rows)(const void *x, ptrdiff_t rows, ptrdiff_t channels, double *sums, void *scratch);

  // Each row of `width` elements: y = (x − mean)/√(variance + epsilon)·weight + bias.
  void (*layer)(const void *x, ptrdiff_t rows, ptrdiff_t width, const void *weight, const void *bias,
                double epsilon, void *y, void *mean, void *inverse_deviation);

  // The gradient of `layer`; adds those of weight and bias to doubles. `scratch`: 2·width.
  void (*layer_gradient)(const void *x, const void *dy, ptrdiff_t rows, ptrdiff_t width, const void *weight,
                         const void *mean, const void *inverse_deviation, void *dx, double *dweight,
                         double *dbias, void *scratch);
} martlet_norm_table;

const martlet_norm_table *martlet_norm_table_f32(martlet_isa isa);
const martlet_norm_table *martlet_norm_table_f64(martlet_isa isa);

#endif
