// The body of the bfloat16 kernels, included once for each instruction set with what gemm_body.h asks for REAL = float,
// and with
//   FMA(a, b, c)        a * b + c on vectors of float
//   PAIRS_FMA(a, b, c)  c and the products of both numbers of a pair, on vectors of pairs and of float
//   STORE_ROUNDED(p, v, lanes)  stores the first lanes of a vector in bfloat16

#include "winograd_tiles_body.h"

#define FREQUENCY uint16_t
#define STORE_FREQUENCY STORE_ROUNDED
#define INPUT_TILES(X) X(2, 3) X(3, 3) X(4, 3)
#include "winograd_input_body.h"
#undef FREQUENCY
#undef STORE_FREQUENCY
#undef INPUT_TILES
#undef INLINE
#undef UNROLL

#include "gemm_write_body.h"

#pragma push_macro("FMA")
#undef FMA
#define FMA PAIRS_FMA
#define UNROLL UNROLL_STEPS
#define OPERAND uint32_t
#define FOLDS 1
#include "gemm_tile_body.h"
#undef FOLDS
#undef OPERAND
#undef UNROLL
#pragma pop_macro("FMA")

static void NAME(round_rows)(const float *from, long rows, long channels, uint16_t *to, long pitch) {
  for (long r = 0; r < rows; r++, from += channels, to += pitch) {
    long c = 0;
    for (; c + LANES <= channels; c += LANES) STORE_ROUNDED(to + c, NAME(load)(from + c), LANES);
    if (c < channels) {
      const NAME(vector) last = NAME(load_some)(from + c, channels - c);
      STORE_ROUNDED(to + c, last, channels - c);
    }
  }
}

static const martlet_bfloat16_kernels NAME(kernels) = {
    .products =
        {
            .height = HEIGHT,
            .width = LANES * VECTORS,
            .bytes_per_element = sizeof(uint32_t),
            .lanes = LANES,
            .multiply = NAME(multiply),
        },
    .round_rows = NAME(round_rows),
    .transform_input_2 = NAME(transform_input_23),
    .transform_input_3 = NAME(transform_input_33),
    .transform_input_4 = NAME(transform_input_43),
};
