#ifndef MARTLET_INT8_H
#define MARTLET_INT8_H

#include "martlet_convolution.h"
#include "martlet_gemm.h"

#include <stdint.h>

// Convolutions whose operands are rounded to whole numbers: activations to 0…255, weights to -127…127. Their products
// are added up exactly in 32 bits, and each chunk of a sum is multiplied by its column's scale to become a float.
// Neighbours along the sum lie in quads of 4 bytes, and a quad is an element to the kernels of martlet_gemm.h.

typedef struct {
  /// `multiply` alone: elements of rows and panels are quads, results, scales and bias float32.
  martlet_gemm_kernels products;
  /// Rows of `channels` numbers: to[r * pitch + c] is from[r * channels + c] * inverse + zero as a whole number, ties
  /// to even, or the nearest that there is. What is not a number becomes 0.
  void (*quantize_rows)(
      const float *from, long rows, long channels, uint8_t *to, long pitch, float inverse, int zero);
} martlet_int8_kernels;

/// Whether the processor has instructions for such products beside `isa`.
int martlet_int8_supported(martlet_isa isa);

/// The kernels for `isa`: portable ones, which are slow, where the processor has no instructions for them.
const martlet_int8_kernels *martlet_int8_table(martlet_isa isa);

/// A weight times `inverse` as a whole number in -127…127.
int martlet_quantized_weight(float weight, float inverse);

/// Packs one panel of weights, [tap][channel][width][4]: channels are quads, of the one that is given and the three that
/// lie `neighbour` elements further on each. `inverses` has a number for each column.
void martlet_pack_weights_int8(const martlet_weight_panel *panel, long neighbour, const float *inverses);

#endif
