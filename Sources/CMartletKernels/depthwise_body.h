// The body of the depthwise kernels, included once for each instruction set and element type with
// REAL, LANES, NAME(x) and FMA(a, b, c) as in gemm_body.h, and with PIXELS, the pixels computed together.

typedef REAL NAME(vector) __attribute__((vector_size(LANES * sizeof(REAL))));
typedef REAL NAME(loose) __attribute__((vector_size(LANES * sizeof(REAL)), aligned(sizeof(REAL)), may_alias));

#define INLINE static inline __attribute__((always_inline))
#define AT(p) (*(const NAME(loose) *)(p))

// Taps whose sums are kept in registers together.
enum { NAME(together) = 4 };

// The taps of one grid row that lie inside the source for some of its columns, with where they read.
static long NAME(reach)(const martlet_depthwise_rows *r, const long position[3]) {
  const martlet_pixel_map *map = r->map;
  const long end = r->first_column + r->columns;
  long count = 0;
  for (long t = 0; t < map->taps; t++) {
    const martlet_tap *tap = map->tap + t;
    const long z = position[1] * map->step[0] + tap->offset[0], y = position[2] * map->step[1] + tap->offset[1];
    if (z < 0 || z >= map->source_size[0] || y < 0 || y >= map->source_size[1]) continue;
    if (tap->first_column >= end || tap->end_column <= r->first_column) continue;
    r->taps[count++] = (martlet_depthwise_tap){
        .source = (const char *)map->source + position[0] * map->source_stride[0] + z * map->source_stride[1] +
                  y * map->source_stride[2] + tap->offset[2] * map->source_stride[3],
        .first_column = tap->first_column,
        .end_column = tap->end_column < end ? tap->end_column : end,
        .weight = r->weight_of_tap[t],
    };
  }
  return count;
}

#define ADD_PRODUCT(i)                                                                                 \
  case i:                                                                                              \
    if (i < PIXELS) sums[i % PIXELS] = FMA(AT(source + i * step), w, sums[i % PIXELS]);                \
    __attribute__((fallthrough));

// PIXELS columns of one row from `column` on, `count` of which are written, for LANES channels. A weight is loaded
// once for all of them.
INLINE void NAME(segment)(
    const martlet_depthwise_rows *r, long taps, const REAL *weights, long channel, long column, long count,
    char *output) {
  const long step = r->map->step[2] * r->map->source_stride[3];
  NAME(vector) sums[PIXELS];
  const NAME(vector) start = r->bias ? AT((const REAL *)r->bias + channel) : (NAME(vector)){};
#pragma clang loop unroll(full)
  for (int i = 0; i < PIXELS; i++) sums[i] = start;

  // What the row below reads and this one does not, a line a pixel: too far apart for the processor to foresee.
  if (taps > 0) {
    const char *first = r->taps[0].source, *last = r->taps[taps - 1].source;
    const char *below = (first > last ? first : last) + r->map->step[1] * r->map->source_stride[2] +
                        column * step + channel * (long)sizeof(REAL);
    for (int i = 0; i < PIXELS; i++) __builtin_prefetch(below + i * step, 0, 2);
  }

  for (long t = 0; t < taps; t++) {
    const martlet_depthwise_tap *tap = r->taps + t;
    const NAME(vector) w = AT(weights + tap->weight * LANES);
    const char *source = tap->source + column * step + channel * (long)sizeof(REAL);
    const long first = tap->first_column - column, end = tap->end_column - column;
    if (first <= 0 && end >= PIXELS) {
#pragma clang loop unroll(full)
      for (int i = 0; i < PIXELS; i++) sums[i] = FMA(AT(source + i * step), w, sums[i]);
    } else if (end >= PIXELS) {
      // Runs with one end outside the source are entered in their middle.
      switch (first) { FROM_FIRST(ADD_PRODUCT) default: break; }
    } else if (first <= 0) {
      switch (end - 1) { FROM_LAST(ADD_PRODUCT) default: break; }
    } else {
#pragma clang loop unroll(full)
      for (int i = 0; i < PIXELS; i++)
        if (i >= first && i < end) sums[i] = FMA(AT(source + i * step), w, sums[i]);
    }
  }

#pragma clang loop unroll(full)
  for (int i = 0; i < PIXELS; i++) {
    if (i >= count) break;
    if (r->rectify) {
      const __typeof__(sums[i] < 0) negative = sums[i] < 0;
      sums[i] = (NAME(vector))((__typeof__(sums[i] < 0))sums[i] & ~negative);
    }
    *(NAME(loose) *)(output + i * r->map->output_stride[3]) = sums[i];
  }
}

// The same for one channel that is left over, on one column.
static REAL NAME(one)(
    const martlet_depthwise_rows *r, long taps, const REAL *weights, long channel, long column) {
  const long step = r->map->step[2] * r->map->source_stride[3];
  REAL sum = r->bias ? ((const REAL *)r->bias)[channel] : 0;
  for (long t = 0; t < taps; t++) {
    const martlet_depthwise_tap *tap = r->taps + t;
    if (column < tap->first_column || column >= tap->end_column) continue;
    sum += ((const REAL *)(tap->source + column * step))[channel] * weights[tap->weight * LANES];
  }
  return r->rectify && sum < 0 ? 0 : sum;
}

static void NAME(row)(const martlet_depthwise_rows *r, long row) {
  const martlet_pixel_map *map = r->map;
  const long height = row % map->grid[2], depth = row / map->grid[2] % map->grid[1];
  const long position[3] = {row / (map->grid[2] * map->grid[1]), depth, height};
  const long taps = NAME(reach)(r, position);
  char *output = (char *)map->output + position[0] * map->output_stride[0] + depth * map->output_stride[1] +
                 height * map->output_stride[2];
  const long end = r->first_column + r->columns;
  const REAL *weights = r->weights;
  long c = 0;
  for (; c + LANES <= r->channels; c += LANES, weights += r->weight_count * LANES)
    for (long x = r->first_column; x < end; x += PIXELS)
      NAME(segment)(
          r, taps, weights, c, x, end - x, output + x * map->output_stride[3] + c * (long)sizeof(REAL));
  for (long left = 0; c < r->channels; c++, left++)
    for (long x = r->first_column; x < end; x++)
      ((REAL *)(output + x * map->output_stride[3]))[c] = NAME(one)(r, taps, weights + left, c, x);
}

static void NAME(multiply)(const martlet_depthwise_rows *rows) {
  for (long i = 0; i < rows->rows; i++) NAME(row)(rows, rows->first_row + i);
}

INLINE void NAME(taps_backward)(const int count, const martlet_depthwise_sums *b, long t) {
  const void *const *sources = b->sources + t * b->source_pitch;
  REAL *sums_at = (REAL *)b->sums + t * b->channels;
  long c = 0;
  for (; c + LANES <= b->channels; c += LANES) {
    NAME(vector) sums[NAME(together)];
    for (int i = 0; i < count; i++) sums[i] = AT(sums_at + i * b->channels + c);
    for (long m = 0; m < b->rows; m++) {
      const NAME(vector) g = AT((const REAL *)b->gradients[m] + c);
#pragma clang loop unroll(full)
      for (int i = 0; i < count; i++)
        sums[i] = FMA(AT((const REAL *)sources[i * b->source_pitch + m] + c), g, sums[i]);
    }
    for (int i = 0; i < count; i++) *(NAME(loose) *)(sums_at + i * b->channels + c) = sums[i];
  }
  for (; c < b->channels; c++) {
    for (int i = 0; i < count; i++) {
      REAL sum = sums_at[i * b->channels + c];
      for (long m = 0; m < b->rows; m++)
        sum += ((const REAL *)sources[i * b->source_pitch + m])[c] * ((const REAL *)b->gradients[m])[c];
      sums_at[i * b->channels + c] = sum;
    }
  }
}

static void NAME(add_weight_products)(const martlet_depthwise_sums *block) {
  long t = 0;
  for (; t + NAME(together) <= block->taps; t += NAME(together)) NAME(taps_backward)(NAME(together), block, t);
  for (; t < block->taps; t++) NAME(taps_backward)(1, block, t);
}

static const martlet_depthwise_kernels NAME(table) = {
    .lanes = LANES,
    .multiply = NAME(multiply),
    .add_weight_products = NAME(add_weight_products),
};

#undef ADD_PRODUCT
#undef INLINE
#undef AT
