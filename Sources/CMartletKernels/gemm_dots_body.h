// Products with few columns, whose vectors run along the channels, included once for each instruction set and element
// type with what gemm_body.h says.

// Rows and columns of a tile, and how many rows ahead source lines are fetched.
enum { NAME(dot_rows) = HEIGHT / 2, NAME(dot_columns) = 4, NAME(dot_ahead) = 48 };

static inline __attribute__((always_inline)) REAL NAME(sum)(NAME(vector) v) {
#if LANES == 16
  v += __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
  v += __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
  v += __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
#elif LANES == 8
  v += __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3);
  v += __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5);
#elif LANES == 4
  v += __builtin_shufflevector(v, v, 2, 3, 0, 1);
#endif
  return v[0] + v[1];
}

// Some rows times some columns. Both are constants at every call.
static inline __attribute__((always_inline)) void NAME(dots)(
    const int rows, const int columns, const martlet_gemm_block *block, long row, long column) {
  NAME(vector) sums[NAME(dot_rows)][NAME(dot_columns)];
#pragma clang loop unroll(full)
  for (int m = 0; m < rows; m++)
#pragma clang loop unroll(full)
    for (int n = 0; n < columns; n++) sums[m][n] = (NAME(vector)){};

  const void *const *sources = block->sources + row;
  const long ahead = row + rows + NAME(dot_ahead) <= block->rows ? NAME(dot_ahead) : 0;
  for (long t = 0; t < block->taps; t++, sources += block->source_pitch) {
    const REAL *source[NAME(dot_rows)];
#pragma clang loop unroll(full)
    for (int m = 0; m < rows; m++) source[m] = (const REAL *)sources[m] + block->source_offset;
    const REAL *weights =
        (const REAL *)block->panels + column * block->panel_stride +
        (block->panel_taps ? block->panel_taps[t] : t) * block->panel_channels;
    for (long c = 0; c < block->channels; c += LANES, weights += LANES) {
      NAME(vector) right[NAME(dot_columns)];
#pragma clang loop unroll(full)
      for (int n = 0; n < columns; n++) right[n] = NAME(load)(weights + n * block->panel_stride);
#pragma clang loop unroll(full)
      for (int m = 0; m < rows; m++) {
        __builtin_prefetch((const REAL *)sources[ahead + m] + block->source_offset + c, 0, 2);
        const NAME(vector) left = NAME(load)(source[m] + c);
#pragma clang loop unroll(full)
        for (int n = 0; n < columns; n++) sums[m][n] = FMA(left, right[n], sums[m][n]);
      }
    }
  }

#pragma clang loop unroll(full)
  for (int m = 0; m < rows; m++) {
    REAL *output = (REAL *)block->outputs[row + m] + block->output_offset + column;
#pragma clang loop unroll(full)
    for (int n = 0; n < columns; n++) {
      REAL sum = NAME(sum)(sums[m][n]);
      if (block->accumulate) sum += output[n];
      if (block->bias) sum += ((const REAL *)block->bias)[column + n];
      if (block->adds) sum += ((const REAL *)((const char *)output + block->addend_distance))[n];
      output[n] = block->rectify && sum < 0 ? 0 : sum;
    }
  }
}

#define DOTS(n)                                                                                        \
  static __attribute__((noinline)) void NAME(dots_##n)(const martlet_gemm_block *block, long column) { \
    long row = 0;                                                                                      \
    for (; row + NAME(dot_rows) <= block->rows; row += NAME(dot_rows))                                 \
      NAME(dots)(NAME(dot_rows), n, block, row, column);                                               \
    for (; row < block->rows; row++) NAME(dots)(1, n, block, row, column);                             \
  }
DOTS(1) DOTS(2) DOTS(3) DOTS(4)
#undef DOTS

static void NAME(multiply_dots)(const martlet_gemm_block *block) {
  static void (*const functions[])(const martlet_gemm_block *, long) = {
      NAME(dots_1), NAME(dots_2), NAME(dots_3), NAME(dots_4)};
  for (long column = 0; column < block->columns; column += NAME(dot_columns)) {
    const long left = block->columns - column;
    functions[(left < NAME(dot_columns) ? left : NAME(dot_columns)) - 1](block, column);
  }
}
