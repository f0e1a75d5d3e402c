#ifndef MARTLET_BFLOAT16_H
#define MARTLET_BFLOAT16_H

#include "martlet_convolution.h"
#include "martlet_gemm.h"
#include "martlet_winograd.h"

#include <stdint.h>

// Convolutions whose operands are rounded to bfloat16, the upper half of a float32. Products of two such numbers are
// exact in float32, and are added up in it. Neighbours along the sum lie in pairs of 4 bytes, and a pair is an element
// to the kernels of martlet_gemm.h.
//
// Rounding is to the nearest, ties to even; what is not a number stays so, and subnormal numbers become zero of their
// sign, as they do in the processors' own instructions.

typedef struct {
  /// `multiply` alone: elements of rows and panels are pairs, results and bias float32.
  martlet_gemm_kernels products;
  /// Rows of `channels` numbers, an even count: to[r * pitch + c] = from[r * channels + c].
  void (*round_rows)(const float *from, long rows, long channels, uint16_t *to, long pitch);
  /// Pixels to frequencies in bfloat16, for tiles of 2 × 2, 3 × 3 and 4 × 4 outputs. An even number of channels.
  void (*transform_input_2)(const martlet_winograd_input *input);
  void (*transform_input_3)(const martlet_winograd_input *input);
  void (*transform_input_4)(const martlet_winograd_input *input);
} martlet_bfloat16_kernels;

/// Whether the processor has instructions for such products beside `isa`.
int martlet_bfloat16_supported(martlet_isa isa);

/// The kernels for `isa`: portable ones, which are slow, where the processor has no instructions for them.
const martlet_bfloat16_kernels *martlet_bfloat16_table(martlet_isa isa);

/// Packs one panel of weights, [tap][channel][width][2]: channels are pairs, of the one that is given and the one that
/// lies `neighbour` elements further on.
void martlet_pack_weights_bfloat16(const martlet_weight_panel *panel, long neighbour);

/// pairs[2 * i] = even[i], pairs[2 * i + 1] = odd[i].
void martlet_round_pairs(const float *even, const float *odd, uint16_t *pairs, long count);

#endif
