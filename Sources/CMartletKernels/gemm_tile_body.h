// Products of matrices whose left operand is read row by row through pointers, included once for each instruction set
// and element type with what gemm_body.h says, and with
//   OPERAND  the element of both operands: REAL, or as many narrow numbers as fill 4 bytes, whose products FMA sums up
//   FOLDS    whether long sums are sums of runs: 0 where nothing is rounded
//   NAME(write)  writes a tile's sums

// Columns of a panel, and elements of a cache line.
enum { NAME(width) = LANES * VECTORS, NAME(line) = 64 / sizeof(OPERAND) };

typedef OPERAND NAME(operands) __attribute__((vector_size(LANES * sizeof(OPERAND))));
typedef OPERAND NAME(loose_operands)
    __attribute__((vector_size(LANES * sizeof(OPERAND)), aligned(sizeof(OPERAND)), may_alias));

// Adds the products of one channel.
static inline __attribute__((always_inline)) void NAME(add_step)(
    const int height, const int vectors, NAME(vector) sums[NARROW_HEIGHT][VECTORS],
    const OPERAND *source[NARROW_HEIGHT], long channel, const OPERAND *weights) {
  NAME(operands) right[VECTORS];
#pragma clang loop unroll(full)
  for (int v = 0; v < vectors; v++) right[v] = *(const NAME(loose_operands) *)(weights + v * LANES);
#pragma clang loop unroll(full)
  for (int m = 0; m < height; m++) {
    const NAME(operands) left = source[m][channel] - (NAME(operands)){};
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) sums[m][v] = FMA(left, right[v], sums[m][v]);
  }
}

// Operands of a sum that are added one after the other before the next ones begin a sum of their own: looked at where a
// line of a tap's begins, so that runs are longer where taps are shorter than that.
enum { NAME(run) = 128 };

// total += sums, or total = sums if there is none yet; sums = 0.
static inline __attribute__((always_inline)) void NAME(fold)(
    const int height, const int vectors, NAME(vector) sums[NARROW_HEIGHT][VECTORS],
    NAME(vector) total[NARROW_HEIGHT][VECTORS], int is_any) {
#pragma clang loop unroll(full)
  for (int m = 0; m < height; m++)
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) {
      total[m][v] = is_any ? total[m][v] + sums[m][v] : sums[m][v];
      sums[m][v] = (NAME(vector)){};
    }
}

// One tile of `vectors` vectors across. Height, vectors and whether taps share a source row are constants at every
// call, so that the sums live in registers.
static inline __attribute__((always_inline)) void NAME(tile)(
    const int height, const int vectors, const int shared, const martlet_gemm_block *block,
    const void *const *sources, const void *const *following, const OPERAND *panel, void *const *outputs, long column,
    long columns) {
  NAME(vector) sums[NARROW_HEIGHT][VECTORS];
#pragma clang loop unroll(full)
  for (int m = 0; m < height; m++)
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) sums[m][v] = (NAME(vector)){};

  // Rows that are not streamed are fetched before they are written.
  if (!block->stream) {
#pragma clang loop unroll(full)
    for (int m = 0; m < height; m++)
#pragma clang loop unroll(full)
      for (int v = 0; v < vectors * LANES; v += NAME(line))
        __builtin_prefetch((const REAL *)outputs[m] + block->output_offset + column + v, 1);
  }
  if (block->adds) {
#pragma clang loop unroll(full)
    for (int m = 0; m < height; m++)
#pragma clang loop unroll(full)
      for (int v = 0; v < vectors * LANES; v += NAME(line))
        __builtin_prefetch(
            (const REAL *)((const char *)outputs[m] + block->addend_distance) + block->output_offset + column + v);
  }

  const long channels = block->channels;
  if (shared) {
    const OPERAND *source[NARROW_HEIGHT];
#pragma clang loop unroll(full)
    for (int m = 0; m < height; m++) source[m] = (const OPERAND *)sources[m] + block->source_offset;
    for (long t = 0; t < block->taps; t++) {
      const long first = block->tap_offsets[t];
#pragma clang loop unroll(disable)
      for (long c = first; c < first + channels; c++, panel += NAME(width))
        NAME(add_step)(height, vectors, sums, source, c, panel);
    }
  }
  // Rounding errors grow with a sum's length, so long ones are sums of runs of terms. Those that are done wait in memory:
  // registers are full.
  NAME(vector) done[NARROW_HEIGHT][VECTORS];
  int is_any_done = 0;
  long terms = 0;
  const long pitch = block->source_pitch;
  for (long t = 0; t < (shared ? 0 : block->taps); t++, sources += pitch, following += pitch) {
    const OPERAND *source[NARROW_HEIGHT];
#pragma clang loop unroll(full)
    for (int m = 0; m < height; m++) source[m] = (const OPERAND *)sources[m] + block->source_offset;
    const OPERAND *weights =
        panel + (block->panel_taps ? block->panel_taps[t] : t) * block->panel_channels * NAME(width);
    // Source rows lie where no processor foresees them: a line of each of the next tile's rows is fetched while
    // one of this tile's is multiplied.
    long c = 0;
    for (; c + NAME(line) <= channels; c += NAME(line), terms += NAME(line)) {
      if (FOLDS && terms >= NAME(run)) {
        NAME(fold)(height, vectors, sums, done, is_any_done);
        is_any_done = 1;
        terms = 0;
      }
#pragma clang loop unroll(full)
      for (int m = 0; m < height; m++)
        __builtin_prefetch((const OPERAND *)following[m] + block->source_offset + c, 0, 2);
#pragma clang loop unroll_count(UNROLL)
      for (long i = c; i < c + NAME(line); i++, weights += NAME(width))
        NAME(add_step)(height, vectors, sums, source, i, weights);
    }
    terms += channels - c;
#pragma clang loop unroll(disable)
    for (; c < channels; c++, weights += NAME(width)) NAME(add_step)(height, vectors, sums, source, c, weights);
  }
  if (is_any_done) NAME(fold)(height, vectors, done, sums, 1);

  if (columns == vectors * LANES) NAME(write)(height, vectors, 1, block, sums, outputs, column, columns);
  else NAME(write)(height, vectors, 0, block, sums, outputs, column, columns);
}

typedef void (*NAME(tile_function))(
    const martlet_gemm_block *, const void *const *, const void *const *, const OPERAND *, void *const *, long,
    long);

#define TILE(name, h, vectors, shared)                                                                 \
  static __attribute__((noinline)) void NAME(name##_##h)(                                              \
      const martlet_gemm_block *block, const void *const *sources, const void *const *following,       \
      const OPERAND *panel, void *const *outputs, long column, long columns) {                            \
    NAME(tile)(h, vectors, shared, block, sources, following, panel, outputs, column, columns);        \
  }
#define WIDE(h) TILE(wide, h, VECTORS, 0) TILE(wide_shared, h, VECTORS, 1)
#define NARROW(h) TILE(narrow, h, 1, 0) TILE(narrow_shared, h, 1, 1)
HEIGHTS(WIDE)
NARROW_HEIGHTS(NARROW)
#undef WIDE
#undef NARROW
#undef TILE

// By height; the second of each is for taps that share a source row.
#define OWN(h) NAME(wide_##h),
#define SHARED(h) NAME(wide_shared_##h),
static const NAME(tile_function) NAME(wide_tiles)[2][HEIGHT + 1] = {{0, HEIGHTS(OWN)}, {0, HEIGHTS(SHARED)}};
#undef OWN
#undef SHARED
#define OWN(h) NAME(narrow_##h),
#define SHARED(h) NAME(narrow_shared_##h),
static const NAME(tile_function) NAME(narrow_tiles)[2][NARROW_HEIGHT + 1] = {
    {0, NARROW_HEIGHTS(OWN)}, {0, NARROW_HEIGHTS(SHARED)}};
#undef OWN
#undef SHARED

// Rows of a tile at most, of `largest`. Source rows that lie a multiple of 4 KiB apart, such as pixels of 1024 floats,
// contend for the same places of the first cache: that has eight of them, on most processors.
static inline long NAME(tile_rows)(const martlet_gemm_block *block, long largest) {
  enum { period = 4096, places = 8 };
  // Without taps there are no sources.
  if (largest <= places || block->rows <= places || block->taps == 0) return largest;
  const long distance = (const char *)block->sources[1] - (const char *)block->sources[0];
  return distance % period == 0 ? places : largest;
}

// The rows are spread evenly over as few tiles as hold them; a panel stays in the first cache for all tiles. Where a
// panel holds no more columns than a vector, tiles are narrow and tall.
static void NAME(multiply)(const martlet_gemm_block *block) {
  const OPERAND *panel = block->panels;
  const int shared = block->tap_offsets != 0;
  for (long column = 0; column < block->columns; column += NAME(width), panel += block->panel_stride) {
    const long left = block->columns - column;
    const long columns = left < NAME(width) ? left : NAME(width);
    const int narrow = columns <= LANES;
    const NAME(tile_function) *functions = narrow ? NAME(narrow_tiles)[shared] : NAME(wide_tiles)[shared];
    const long height = NAME(tile_rows)(block, narrow ? NARROW_HEIGHT : HEIGHT);
    const long tiles = (block->rows + height - 1) / height;
    for (long i = 0, first = 0; i < tiles; i++) {
      const long end = block->rows * (i + 1) / tiles;
      // The tile after the last is the first, for the next panel.
      const long next = end + end - first <= block->rows ? end : 0;
      functions[end - first](
          block, block->sources + first, block->sources + next, panel, block->outputs + first, column, columns);
      first = end;
    }
  }
#if defined(__x86_64__)
  if (block->stream) __builtin_ia32_sfence();
#endif
}
