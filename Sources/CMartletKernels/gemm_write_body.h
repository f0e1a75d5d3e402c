// How a tile of floating-point sums is written, included once for each instruction set and element type with what
// gemm_body.h says; where sums are something else first, also with
//   REAL_SUMS(v)  a vector of sums as floating-point numbers, which are multiplied by their columns' scales

// Writes a tile's sums with what the block asks for on top. `whole` says that all of the tile's columns exist; it, the
// height and the vectors are constants at every call.
static inline __attribute__((always_inline)) void NAME(write)(
    const int height, const int vectors, const int whole, const martlet_gemm_block *block,
    NAME(vector) sums[NARROW_HEIGHT][VECTORS], void *const *outputs, long column, long columns) {
  const REAL *bias = block->bias ? (const REAL *)block->bias + column : 0;
  const long first = block->output_offset + column;
  long lanes[VECTORS];
#pragma clang loop unroll(full)
  for (int v = 0; v < vectors; v++) {
    const long left = columns - v * LANES;
    lanes[v] = whole || left >= LANES ? LANES : left < 0 ? 0 : left;
  }
#ifdef REAL_SUMS
#pragma clang loop unroll(full)
  for (int v = 0; v < vectors; v++) {
    const NAME(vector) scale = NAME(load_some)((const REAL *)block->scales + column + v * LANES, lanes[v]);
#pragma clang loop unroll(full)
    for (int m = 0; m < height; m++) sums[m][v] = REAL_SUMS(sums[m][v]) * scale;
  }
#endif
  if (block->accumulate) {
#pragma clang loop unroll(full)
    for (int m = 0; m < height; m++)
#pragma clang loop unroll(full)
      for (int v = 0; v < vectors; v++)
        sums[m][v] += NAME(load_some)((const REAL *)outputs[m] + first + v * LANES, lanes[v]);
  }
  if (bias) {
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) {
      const NAME(vector) b = NAME(load_some)(bias + v * LANES, lanes[v]);
#pragma clang loop unroll(full)
      for (int m = 0; m < height; m++) sums[m][v] += b;
    }
  }
  if (block->adds) {
#pragma clang loop unroll(full)
    for (int m = 0; m < height; m++) {
      const REAL *addend = (const REAL *)((const char *)outputs[m] + block->addend_distance) + first;
#pragma clang loop unroll(full)
      for (int v = 0; v < vectors; v++) sums[m][v] += NAME(load_some)(addend + v * LANES, lanes[v]);
    }
  }
  if (block->rectify) {
#pragma clang loop unroll(full)
    for (int m = 0; m < height; m++)
#pragma clang loop unroll(full)
      for (int v = 0; v < vectors; v++) sums[m][v] = NAME(rectified)(sums[m][v]);
  }
  if (whole && block->stream) {
#pragma clang loop unroll(full)
    for (int m = 0; m < height; m++)
#pragma clang loop unroll(full)
      for (int v = 0; v < vectors; v++)
        __builtin_nontemporal_store(sums[m][v], (NAME(vector) *)((REAL *)outputs[m] + first + v * LANES));
    return;
  }
#pragma clang loop unroll(full)
  for (int m = 0; m < height; m++)
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++)
      NAME(store_some)((REAL *)outputs[m] + first + v * LANES, sums[m][v], lanes[v]);
}
