// The body of the int8 kernels, included once for each instruction set with what gemm_body.h asks for REAL = float, and
// with
//   ADD_QUADS(a, b, c)  c and the four products of each element of a, unsigned bytes, and b, signed ones, on vectors
//                       of int32

#include "vector_body.h"

typedef int32_t NAME(integers) __attribute__((vector_size(LANES * sizeof(int32_t))));

#define FMA(a, b, c) ((NAME(vector))ADD_QUADS((NAME(integers))(a), (NAME(integers))(b), (NAME(integers))(c)))
// Sums are whole numbers in the bits of floats until they are written.
#define REAL_SUMS(sums) __builtin_convertvector((NAME(integers))(sums), NAME(vector))
#include "gemm_write_body.h"
#undef REAL_SUMS

#define FOLDS 0
#define UNROLL UNROLL_STEPS
#define OPERAND uint32_t
#include "gemm_tile_body.h"
#undef OPERAND
#undef UNROLL
#undef FOLDS
#undef FMA

// Written without branches, so that it becomes vectors.
static void NAME(quantize_rows)(
    const float *from, long rows, long channels, uint8_t *to, long pitch, float inverse, int zero) {
  for (long r = 0; r < rows; r++, from += channels, to += pitch)
    for (long c = 0; c < channels; c++) {
      const int32_t value = nearest_within(from[c] * inverse, 512) + zero;
      to[c] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
    }
}

static const martlet_int8_kernels NAME(kernels) = {
    .products =
        {
            .height = HEIGHT,
            .width = LANES * VECTORS,
            .bytes_per_element = sizeof(uint32_t),
            .lanes = LANES,
            .multiply = NAME(multiply),
        },
    .quantize_rows = NAME(quantize_rows),
};
