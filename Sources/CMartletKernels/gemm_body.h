// The body of the matrix kernels, included once for each instruction set and element type with
//   REAL     element type          LANES    elements of a vector
//   VECTORS  vectors of a panel    HEIGHT   rows of the largest tile
//   NARROW_HEIGHT  rows of the largest tile that is one vector wide
//   NAME(x)  the name of x in this set        FMA(a, b, c)  a * b + c on vectors

typedef REAL NAME(vector) __attribute__((vector_size(LANES * sizeof(REAL))));
typedef REAL NAME(loose) __attribute__((vector_size(LANES * sizeof(REAL)), aligned(sizeof(REAL)), may_alias));

// Columns of a panel, and elements of a cache line.
enum { NAME(width) = LANES * VECTORS, NAME(line) = 64 / sizeof(REAL) };

static inline __attribute__((always_inline)) NAME(vector) NAME(load)(const REAL *p) {
  return *(const NAME(loose) *)p;
}
static inline __attribute__((always_inline)) void NAME(store)(REAL *p, NAME(vector) v) {
  *(NAME(loose) *)p = v;
}
static inline __attribute__((always_inline)) NAME(vector) NAME(splat)(REAL x) {
  return x - (NAME(vector)){};
}
// Zero in place of negative numbers; NaN stays NaN.
static inline __attribute__((always_inline)) NAME(vector) NAME(rectified)(NAME(vector) x) {
  const __typeof__(x < 0) negative = x < 0;
  return (NAME(vector))((__typeof__(x < 0))x & ~negative);
}

// MARK: Indirect product

// Adds the products of one channel.
static inline __attribute__((always_inline)) void NAME(add_step)(
    const int height, const int vectors, NAME(vector) sums[NARROW_HEIGHT][VECTORS],
    const REAL *source[NARROW_HEIGHT], long channel, const REAL *weights) {
  NAME(vector) right[VECTORS];
#pragma clang loop unroll(full)
  for (int v = 0; v < vectors; v++) right[v] = NAME(load)(weights + v * LANES);
#pragma clang loop unroll(full)
  for (int m = 0; m < height; m++) {
    const NAME(vector) left = NAME(splat)(source[m][channel]);
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) sums[m][v] = FMA(left, right[v], sums[m][v]);
  }
}

// One tile of `vectors` vectors across. Height and vectors are constants at every call, so that the sums live in
// registers.
static inline __attribute__((always_inline)) void NAME(tile)(
    const int height, const int vectors, const int shared, const martlet_gemm_block *block, const void *const *sources,
    const void *const *following, const REAL *panel, void *const *outputs, long column, long columns) {
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

  const long channels = block->channels;
  if (shared) {
    const REAL *source[NARROW_HEIGHT];
#pragma clang loop unroll(full)
    for (int m = 0; m < height; m++) source[m] = (const REAL *)sources[m] + block->source_offset;
    for (long t = 0; t < block->taps; t++) {
      const long first = block->tap_offsets[t];
#pragma clang loop unroll(disable)
      for (long c = first; c < first + channels; c++, panel += NAME(width))
        NAME(add_step)(height, vectors, sums, source, c, panel);
    }
  }
  const long pitch = block->source_pitch;
  for (long t = 0; t < (shared ? 0 : block->taps); t++, sources += pitch, following += pitch) {
    const REAL *source[NARROW_HEIGHT];
#pragma clang loop unroll(full)
    for (int m = 0; m < height; m++) source[m] = (const REAL *)sources[m] + block->source_offset;
    const REAL *weights = panel + (block->panel_taps ? block->panel_taps[t] : t) * channels * NAME(width);
    // Source rows lie where no processor foresees them: a line of each of the next tile's rows is fetched while
    // one of this tile's is multiplied.
    long c = 0;
    for (; c + NAME(line) <= channels; c += NAME(line)) {
#pragma clang loop unroll(full)
      for (int m = 0; m < height; m++)
        __builtin_prefetch((const REAL *)following[m] + block->source_offset + c, 0, 2);
#pragma clang loop unroll_count(UNROLL)
      for (long i = c; i < c + NAME(line); i++, weights += NAME(width))
        NAME(add_step)(height, vectors, sums, source, i, weights);
    }
#pragma clang loop unroll(disable)
    for (; c < channels; c++, weights += NAME(width))
      NAME(add_step)(height, vectors, sums, source, c, weights);
  }

  const REAL *bias = block->bias ? (const REAL *)block->bias + column : 0;
  const long first = block->output_offset + column;
  if (columns == vectors * LANES) {
    if (block->accumulate) {
#pragma clang loop unroll(full)
      for (int m = 0; m < height; m++)
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++)
          sums[m][v] += NAME(load)((const REAL *)outputs[m] + first + v * LANES);
    }
    if (bias) {
#pragma clang loop unroll(full)
      for (int v = 0; v < vectors; v++) {
        const NAME(vector) b = NAME(load)(bias + v * LANES);
#pragma clang loop unroll(full)
        for (int m = 0; m < height; m++) sums[m][v] += b;
      }
    }
    if (block->rectify) {
#pragma clang loop unroll(full)
      for (int m = 0; m < height; m++)
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) sums[m][v] = NAME(rectified)(sums[m][v]);
    }
    if (block->stream) {
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
      for (int v = 0; v < vectors; v++) NAME(store)((REAL *)outputs[m] + first + v * LANES, sums[m][v]);
    return;
  }
  // The last, partly filled panel: the same in plain loops over a copy of the tile.
  REAL tile[NARROW_HEIGHT][LANES * VECTORS];
#pragma clang loop unroll(full)
  for (int m = 0; m < height; m++)
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) NAME(store)(&tile[m][v * LANES], sums[m][v]);
  for (int m = 0; m < height; m++) {
    REAL *output = (REAL *)outputs[m] + first;
    for (long n = 0; n < columns; n++) {
      REAL sum = tile[m][n];
      if (block->accumulate) sum += output[n];
      if (bias) sum += bias[n];
      if (block->rectify && sum < 0) sum = 0;
      output[n] = sum;
    }
  }
}

typedef void (*NAME(tile_function))(
    const martlet_gemm_block *, const void *const *, const void *const *, const REAL *, void *const *, long,
    long);

#define TILE(h)                                                                                        \
  static __attribute__((noinline)) void NAME(tile_##h)(                                                \
      const martlet_gemm_block *block, const void *const *sources, const void *const *following,       \
      const REAL *panel, void *const *outputs, long column, long columns) {                            \
    NAME(tile)(h, VECTORS, 0, block, sources, following, panel, outputs, column, columns);                           \
  }
HEIGHTS(TILE)
#undef TILE

#define TILE(h)                                                                                        \
  static __attribute__((noinline)) void NAME(narrow_tile_##h)(                                         \
      const martlet_gemm_block *block, const void *const *sources, const void *const *following,       \
      const REAL *panel, void *const *outputs, long column, long columns) {                            \
    NAME(tile)(h, 1, 0, block, sources, following, panel, outputs, column, columns);                                 \
  }
NARROW_HEIGHTS(TILE)
#undef TILE

#define TILE(h)                                                                                        \
  static __attribute__((noinline)) void NAME(shared_tile_##h)(                                      \
      const martlet_gemm_block *block, const void *const *sources, const void *const *following,       \
      const REAL *panel, void *const *outputs, long column, long columns) {                            \
    NAME(tile)(h, VECTORS, 1, block, sources, following, panel, outputs, column, columns);             \
  }
HEIGHTS(TILE)
#undef TILE

#define TILE_NAME(h) NAME(shared_tile_##h),
static const NAME(tile_function) NAME(shared_tiles)[HEIGHT + 1] = {0, HEIGHTS(TILE_NAME)};
#undef TILE_NAME
#define TILE_NAME(h) NAME(tile_##h),
static const NAME(tile_function) NAME(tiles)[HEIGHT + 1] = {0, HEIGHTS(TILE_NAME)};
#undef TILE_NAME
#define TILE_NAME(h) NAME(narrow_tile_##h),
static const NAME(tile_function) NAME(narrow_tiles)[NARROW_HEIGHT + 1] = {0, NARROW_HEIGHTS(TILE_NAME)};
#undef TILE_NAME

// The rows are spread evenly over as few tiles as hold them; a panel stays in the first cache for all tiles. Where a
// panel holds no more columns than a vector, tiles are narrow and tall.
static void NAME(multiply)(const martlet_gemm_block *block) {
  const REAL *panel = block->panels;
  for (long column = 0; column < block->columns; column += NAME(width), panel += block->panel_stride) {
    const long left = block->columns - column;
    const long columns = left < NAME(width) ? left : NAME(width);
    const int shared = block->tap_offsets != 0, narrow = !shared && columns <= LANES;
    const NAME(tile_function) *functions =
        shared ? NAME(shared_tiles) : narrow ? NAME(narrow_tiles) : NAME(tiles);
    const long height = narrow ? NARROW_HEIGHT : HEIGHT;
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

// MARK: Indirect product with few columns

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
        (block->panel_taps ? block->panel_taps[t] : t) * block->channels;
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

// MARK: Outer products

// `fetches` says whether anything is to be fetched early. Height and it are constants at every call.
static inline __attribute__((always_inline)) void NAME(outer)(
    const int height, const int fetches, const martlet_outer_block *block, long tap, long left_start, const REAL *right,
    long left_ahead, long right_ahead, REAL *sums_at, long sums_pitch) {
  NAME(vector) sums[HEIGHT][VECTORS];
#pragma clang loop unroll(full)
  for (int m = 0; m < height; m++)
#pragma clang loop unroll(full)
    for (int v = 0; v < VECTORS; v++) sums[m][v] = NAME(load)(sums_at + m * sums_pitch + v * LANES);

  const void *const *lines = block->left_lines + tap * block->lines;
  const long first = block->first_pixels[tap], pixels = block->end_pixels[tap] - first;
  const long step = block->left_step, right_step = block->right_step;
  for (long l = 0; l < block->lines; l++) {
    if (!lines[l]) continue;
    const REAL *left = (const REAL *)lines[l] + left_start + first * step;
    const REAL *line = right + l * block->right_line_stride + first * right_step;
#pragma clang loop unroll_count(UNROLL)
    for (long p = 0; p < pixels; p++, left += step, line += right_step) {
      if (fetches) __builtin_prefetch(left + left_ahead);
      NAME(vector) b[VECTORS];
#pragma clang loop unroll(full)
      for (int v = 0; v < VECTORS; v++) b[v] = NAME(load)(line + v * LANES);
      if (fetches) {
#pragma clang loop unroll(full)
        for (int v = 0; v < NAME(width); v += NAME(line)) __builtin_prefetch(line + right_ahead + v);
      }
#pragma clang loop unroll(full)
      for (int m = 0; m < height; m++) {
        const NAME(vector) a = NAME(splat)(left[m]);
#pragma clang loop unroll(full)
        for (int v = 0; v < VECTORS; v++) sums[m][v] = FMA(a, b[v], sums[m][v]);
      }
    }
  }
#pragma clang loop unroll(full)
  for (int m = 0; m < height; m++)
#pragma clang loop unroll(full)
    for (int v = 0; v < VECTORS; v++) NAME(store)(sums_at + m * sums_pitch + v * LANES, sums[m][v]);
}

typedef void (*NAME(outer_function))(
    const martlet_outer_block *, long, long, const REAL *, long, long, REAL *, long);

#define OUTER(h)                                                                                       \
  static __attribute__((noinline)) void NAME(outer_##h)(                                               \
      const martlet_outer_block *block, long tap, long left_start, const REAL *right, long left_ahead, \
      long right_ahead, REAL *sums, long pitch) {                                                      \
    if (left_ahead || right_ahead)                                                                     \
      NAME(outer)(h, 1, block, tap, left_start, right, left_ahead, right_ahead, sums, pitch);          \
    else NAME(outer)(h, 0, block, tap, left_start, right, 0, 0, sums, pitch);                          \
  }
HEIGHTS(OUTER)
#undef OUTER

#define OUTER_NAME(h) NAME(outer_##h),
static const NAME(outer_function) NAME(outers)[HEIGHT + 1] = {0, HEIGHTS(OUTER_NAME)};
#undef OUTER_NAME

// A right panel and a left panel stay in the first cache while all taps read them.
static void NAME(add_outer_products)(const martlet_outer_block *block) {
  const long panels = (block->left_rows + HEIGHT - 1) / HEIGHT;
  const long pitch = block->right_panels * NAME(width);
  const int shared = block->left_panel_stride == 0;
  for (long r = 0; r < block->right_panels; r++) {
    const REAL *right = (const REAL *)block->right + r * block->right_panel_stride;
    for (long q = 0, first = 0; q < panels; q++) {
      const long end = block->left_rows * (q + 1) / panels;
      for (long t = 0; t < block->taps; t++) {
        // Who reads an element first also fetches what stands in its place in the next block.
        NAME(outers)[end - first](
            block, t, (shared ? first : q * block->left_panel_stride) + block->left_offsets[t], right,
            t == 0 && r == 0 ? block->left_ahead : 0, t == 0 && q == 0 ? block->right_ahead : 0,
            (REAL *)block->sums + (t * block->left_rows + first) * pitch + r * NAME(width), pitch);
      }
      first = end;
    }
  }
}

static void NAME(pack_left)(const martlet_panel_copy *copy) {
  const long panels = (copy->channels + HEIGHT - 1) / HEIGHT;
  for (long q = 0, first = 0; q < panels; q++) {
    const long end = copy->channels * (q + 1) / panels, height = end - first;
    const REAL *source = (const REAL *)copy->source + first;
    REAL *panel = (REAL *)copy->panels + q * copy->panel_stride;
    if (height == HEIGHT) {
      for (long p = 0; p < copy->pixels; p++, source += copy->pixel_stride, panel += HEIGHT)
        __builtin_memcpy(panel, source, HEIGHT * sizeof(REAL));
    } else if (height == HEIGHT - 1) {
      for (long p = 0; p < copy->pixels; p++, source += copy->pixel_stride, panel += HEIGHT)
        __builtin_memcpy(panel, source, (HEIGHT - 1) * sizeof(REAL));
    } else {
      for (long p = 0; p < copy->pixels; p++, source += copy->pixel_stride, panel += HEIGHT)
        for (long m = 0; m < height; m++) panel[m] = source[m];
    }
    first = end;
  }
}

static void NAME(pack_right)(const martlet_panel_copy *copy) {
  for (long first = 0, q = 0; first < copy->channels; first += NAME(width), q++) {
    const long left = copy->channels - first;
    const REAL *source = (const REAL *)copy->source + first;
    REAL *panel = (REAL *)copy->panels + q * copy->panel_stride;
    if (left >= NAME(width)) {
      for (long p = 0; p < copy->pixels; p++, source += copy->pixel_stride, panel += NAME(width))
#pragma clang loop unroll(full)
        for (int v = 0; v < VECTORS; v++) NAME(store)(panel + v * LANES, NAME(load)(source + v * LANES));
    } else {
      for (long p = 0; p < copy->pixels; p++, source += copy->pixel_stride, panel += NAME(width))
        for (long n = 0; n < NAME(width); n++) panel[n] = n < left ? source[n] : 0;
    }
  }
}

static const martlet_gemm_kernels NAME(table) = {
    .height = HEIGHT,
    .width = LANES * VECTORS,
    .bytes_per_element = sizeof(REAL),
    .lanes = LANES,
    .multiply = NAME(multiply),
    .multiply_dots = NAME(multiply_dots),
    .add_outer_products = NAME(add_outer_products),
    .pack_left = NAME(pack_left),
    .pack_right = NAME(pack_right),
};
