// Sums of outer products over tiles and, from winograd_weights_tile_body.h, the transforms. Included once for each
// instruction set with
//   LANES    floats of a vector       VECTORS  vectors across a tile of sums
//   HEIGHT   rows of the tallest tile of sums, and HEIGHTS(X) all heights that 4, 8, 12 and 16 rows are cut into
//   NAME(x)  the name of x in this set         FMA(a, b, c)  a * b + c on vectors

#include "vector_body.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

// MARK: Products

enum { NAME(width) = LANES * VECTORS };

// Where vector v of a row lies, given the distance of blocks of 16.
#define COLUMN(v, block) ((v) * LANES / 16 * (block) + (v) * LANES % 16)

// One tile of sums. Height and vectors are constants at every call, so that the sums live in registers.
ALWAYS_INLINE void NAME(add_products)(
    const int height, const int vectors, long tiles, const float *left, const float *right, long right_block,
    float *sums_at, long sums_block, int accumulate) {
  NAME(vector) sums[HEIGHT][VECTORS];
  if (accumulate) {
#pragma clang loop unroll(full)
    for (int m = 0; m < height; m++)
#pragma clang loop unroll(full)
      for (int v = 0; v < vectors; v++) sums[m][v] = NAME(load)(sums_at + m * 16 + COLUMN(v, sums_block));
  } else {
#pragma clang loop unroll(full)
    for (int m = 0; m < height; m++)
#pragma clang loop unroll(full)
      for (int v = 0; v < vectors; v++) sums[m][v] = (NAME(vector)){};
  }
#pragma clang loop unroll_count(4)
  for (long t = 0; t < tiles; t++, left += 16, right += 16) {
    NAME(vector) b[VECTORS];
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) b[v] = NAME(load)(right + COLUMN(v, right_block));
#pragma clang loop unroll(full)
    for (int m = 0; m < height; m++) {
      const NAME(vector) a = NAME(splat)(left[m]);
#pragma clang loop unroll(full)
      for (int v = 0; v < vectors; v++) sums[m][v] = FMA(a, b[v], sums[m][v]);
    }
  }
#pragma clang loop unroll(full)
  for (int m = 0; m < height; m++)
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) NAME(store)(sums_at + m * 16 + COLUMN(v, sums_block), sums[m][v]);
}

typedef void (*NAME(products_function))(long, const float *, const float *, long, float *, long, int);

#define PRODUCTS(h)                                                                                    \
  static __attribute__((noinline)) void NAME(wide_##h)(                                                \
      long tiles, const float *left, const float *right, long right_block, float *sums, long sums_block, \
      int accumulate) {                                                                                \
    NAME(add_products)(h, VECTORS, tiles, left, right, right_block, sums, sums_block, accumulate);     \
  }                                                                                                    \
  static __attribute__((noinline)) void NAME(narrow_##h)(                                              \
      long tiles, const float *left, const float *right, long right_block, float *sums, long sums_block, \
      int accumulate) {                                                                                \
    NAME(add_products)(h, VECTORS / 2, tiles, left, right, right_block, sums, sums_block, accumulate); \
  }
HEIGHTS(PRODUCTS)
#undef PRODUCTS

#define WIDE_NAME(h) [h] = NAME(wide_##h),
#define NARROW_NAME(h) [h] = NAME(narrow_##h),
static const NAME(products_function) NAME(wide)[HEIGHT + 1] = {HEIGHTS(WIDE_NAME)};
static const NAME(products_function) NAME(narrow)[HEIGHT + 1] = {HEIGHTS(NARROW_NAME)};
#undef WIDE_NAME
#undef NARROW_NAME

// Tiles are taken in runs, so that a run of the right operand's columns stays in the first cache for all rows.
enum { NAME(run) = 2048 / NAME(width) * 2 };

static void NAME(multiply)(const martlet_winograd_products *products) {
  const martlet_winograd_tile_block *left = &products->left, *right = &products->right, *sums = &products->sums;
  const long columns = products->right_blocks * 16;
  for (long t = 0; t < products->tiles; t += NAME(run)) {
    const long tiles = products->tiles - t < NAME(run) ? products->tiles - t : NAME(run);
    const int accumulate = products->accumulate || t > 0;
    for (long k = 0; k < columns; k += NAME(width)) {
      // Only tiles of sums that are wider than a block can be too wide.
      const NAME(products_function) *functions = columns - k < NAME(width) ? NAME(narrow) : NAME(wide);
      const float *b = right->values + k / 16 * right->block_stride + k % 16 + t * 16;
      for (long tap = 0; tap < products->taps; tap++) {
        float *s = sums->values + k / 16 * sums->block_stride + k % 16 + tap * products->sums_tap_stride;
        for (long channel = 0; channel < products->left_channels; channel += 16, s += 256) {
          const float *a = left->values + channel / 16 * left->block_stride + (t + tap * products->tap_tiles) * 16;
          const long left_over = products->left_channels - channel;
          const long rows = left_over < 16 ? (left_over + 3) / 4 * 4 : 16, panels = (rows + HEIGHT - 1) / HEIGHT;
          for (long q = 0, first = 0; q < panels; q++) {
            const long end = rows * (q + 1) / panels;
            functions[end - first](
                tiles, a + first, b, right->block_stride, s + first * 16, sums->block_stride, accumulate);
            first = end;
          }
        }
      }
    }
  }
}
#undef COLUMN

// MARK: Transforms

#include "winograd_pixels.h"
#include "winograd_transforms.h"

// Vectors of even and odd places: transposing is log2(LANES) such interleavings.
#if LANES == 16
#define INTERLEAVE_LOW(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define INTERLEAVE_HIGH(a, b) \
  __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#elif LANES == 8
#define INTERLEAVE_LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define INTERLEAVE_HIGH(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#else
#define INTERLEAVE_LOW(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define INTERLEAVE_HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#endif

// to[c][r] = from[r][c] for LANES × LANES floats.
ALWAYS_INLINE void NAME(transpose)(const float *from, long from_stride, float *to, long to_stride) {
  NAME(vector) rows[LANES], next[LANES];
#pragma clang loop unroll(full)
  for (int i = 0; i < LANES; i++) rows[i] = NAME(load)(from + i * from_stride);
#pragma clang loop unroll(full)
  for (int stage = 1; stage < LANES; stage *= 2) {
#pragma clang loop unroll(full)
    for (int i = 0; i < LANES / 2; i++) {
      next[2 * i] = INTERLEAVE_LOW(rows[i], rows[i + LANES / 2]);
      next[2 * i + 1] = INTERLEAVE_HIGH(rows[i], rows[i + LANES / 2]);
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < LANES; i++) rows[i] = next[i];
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < LANES; i++) NAME(store)(to + i * to_stride, rows[i]);
}
#undef INTERLEAVE_LOW
#undef INTERLEAVE_HIGH

#define TILE 2
#define TAPS 3
#define TILE_NAME(x) NAME(x##_23)
#include "winograd_weights_tile_body.h"
#undef TILE
#undef TAPS
#undef TILE_NAME

#define TILE 3
#define TAPS 3
#define TILE_NAME(x) NAME(x##_33)
#include "winograd_weights_tile_body.h"
#undef TILE
#undef TAPS
#undef TILE_NAME

#define TILE 4
#define TAPS 3
#define TILE_NAME(x) NAME(x##_43)
#include "winograd_weights_tile_body.h"
#undef TILE
#undef TAPS
#undef TILE_NAME

#define TILE 4
#define TAPS 2
#define TILE_NAME(x) NAME(x##_42)
#include "winograd_weights_tile_body.h"
#undef TILE
#undef TAPS
#undef TILE_NAME

#define TILE 3
#define TAPS 4
#define TILE_NAME(x) NAME(x##_34)
#include "winograd_weights_tile_body.h"
#undef TILE
#undef TAPS
#undef TILE_NAME

#undef ALWAYS_INLINE
