// The body of the depthwise kernels, included once for each instruction set and element type with
// REAL, LANES, NAME(x) and FMA(a, b, c) as in gemm_body.h, with PIXELS, the columns computed together, and with
// TAPS, the longest run of taps.

#include "vector_body.h"

#define INLINE static inline __attribute__((always_inline))
#define AT(p) (*(NAME(loose) *)(p))
#define UNROLLED _Pragma("clang loop unroll(full)")

// A row of a block's grid: where it reads and writes.
typedef struct {
  const char *image;
  char *output;
  long source_depth, source_height;
} NAME(position);

// Some columns of one row, `count` from `column` on, and one vector of channels.
typedef struct {
  long column, count;
  long channel;
  // Channels of the vector that the one before it has too.
  long repeated;
  REAL *weights;
} NAME(place);

// What a run of taps reads at a place: source pixels `first` to `end`, numbered so that column i reads pixel i + k for
// the run's tap k.
typedef struct {
  const char *source;
  long first, end;
} NAME(pixels);

INLINE NAME(pixels) NAME(reach)(
    const martlet_depthwise_block *b, const NAME(position) *at, const NAME(place) *place, long r) {
  const martlet_pixel_map *map = b->map;
  const martlet_tap *tap = map->tap + r;
  const long z = at->source_depth + tap->offset[0], y = at->source_height + tap->offset[1];
  if (z < 0 || z >= map->source_size[0] || y < 0 || y >= map->source_size[1]) return (NAME(pixels)){0};
  const long x = place->column * map->step[2] + tap->offset[2];
  const long first = tap->first_column - place->column, end = tap->end_column - place->column;
  const long reached = place->count + b->runs[r].taps - 1;
  return (NAME(pixels)){
      .source = at->image + z * map->source_stride[1] + y * map->source_stride[2] + x * map->source_stride[3] +
                place->channel * (long)sizeof(REAL),
      .first = first > 0 ? first : 0,
      .end = end < reached ? end : reached,
  };
}

// One source pixel, loaded once for all columns that read it. Runs that begin outside the source are entered in their
// middle.
#define ADD_PIXEL(p)                                                                                   \
  case p:                                                                                              \
    if (p < PIXELS + taps - 1) {                                                                       \
      if (p >= pixels.end) return;                                                                     \
      const NAME(vector) s = AT(source);                                                               \
      UNROLLED for (int k = 0; k < taps; k++)                                                          \
        if (p >= k && p - k < PIXELS) ADD_PRODUCT(s, k, (p - k) % PIXELS);                             \
      source += step;                                                                                  \
    }                                                                                                  \
    __attribute__((fallthrough));

// Adds a run's products to the sums of PIXELS columns. Those past the place's last one come out wrong.
INLINE void NAME(run_forward)(
    const int taps, long step, NAME(pixels) pixels, const REAL *weights, long weight_step, NAME(vector) * sums) {
  NAME(vector) w[TAPS];
  UNROLLED for (int k = 0; k < taps; k++) w[k] = AT(weights + k * weight_step * LANES);
#define ADD_PRODUCT(s, k, i) sums[i] = FMA(s, w[k], sums[i])
  const char *source = pixels.source + pixels.first * step;
  switch (pixels.first) { FROM_FIRST(ADD_PIXEL) default: break; }
#undef ADD_PRODUCT
}

INLINE void NAME(sum_pixels)(
    const int taps, long step, NAME(pixels) pixels, const NAME(vector) * gradients, NAME(vector) * sums) {
#define ADD_PRODUCT(s, k, i) sums[k] = FMA(s, gradients[i], sums[k])
  const char *source = pixels.source + pixels.first * step;
  switch (pixels.first) { FROM_FIRST(ADD_PIXEL) default: break; }
#undef ADD_PRODUCT
}

// Adds a run's products with PIXELS columns' gradients to the sums of its taps.
INLINE void NAME(run_backward)(
    const int taps, long step, NAME(pixels) pixels, REAL *weights, long weight_step,
    const NAME(vector) * gradients) {
  NAME(vector) sums[TAPS];
  UNROLLED for (int k = 0; k < taps; k++) sums[k] = AT(weights + k * weight_step * LANES);
  NAME(sum_pixels)(taps, step, pixels, gradients, sums);
  UNROLLED for (int k = 0; k < taps; k++) AT(weights + k * weight_step * LANES) = sums[k];
}

#define RUN_FORWARD(n)                                                                                 \
  case n:                                                                                              \
    if (n <= TAPS)                                                                                     \
      NAME(run_forward)(n <= TAPS ? n : 1, step, pixels, weights, run->weight_step, sums);             \
    break;

INLINE void NAME(forward)(const martlet_depthwise_block *b, const NAME(position) *at, const NAME(place) *place) {
  const martlet_pixel_map *map = b->map;
  const long step = map->step[2] * map->source_stride[3];
  NAME(vector) sums[PIXELS];
  const NAME(vector) start = b->bias ? AT((const REAL *)b->bias + place->channel) : (NAME(vector)){};
  UNROLLED for (int i = 0; i < PIXELS; i++) sums[i] = start;

  for (long r = 0; r < map->taps; r++) {
    const martlet_depthwise_run *run = b->runs + r;
    const NAME(pixels) pixels = NAME(reach)(b, at, place, r);
    if (pixels.first >= pixels.end) continue;
    const REAL *weights = place->weights + run->weight * LANES;
    switch (run->taps) { EACH_COUNT(RUN_FORWARD) default: break; }
  }

  char *output = at->output + place->column * map->output_stride[3] + place->channel * (long)sizeof(REAL);
  const long next = map->output_stride[3];
  if (b->rectify)
    UNROLLED for (int i = 0; i < PIXELS; i++) sums[i] = NAME(rectified)(sums[i]);
  if (place->repeated == 0) {
    UNROLLED for (int i = 0; i < PIXELS; i++, output += next) {
      if (i >= place->count) break;
      AT(output) = sums[i];
    }
  } else {
    // Another thread may be writing the channels of the vector before.
    const long skipped = place->repeated * (long)sizeof(REAL);
    NAME(vector) written[PIXELS];
    UNROLLED for (int i = 0; i < PIXELS; i++) written[i] = sums[i];
    for (long i = 0; i < place->count; i++, output += next)
      __builtin_memcpy(output + skipped, (const char *)&written[i] + skipped, sizeof(NAME(vector)) - skipped);
  }
}

// The same for fewer columns, pixel by pixel for each: a zero cannot stand in for a missing column, as its product with
// what is not finite is not zero.
INLINE void NAME(run_backward_columns)(
    const int taps, long step, NAME(pixels) pixels, REAL *weights, long weight_step, const char *gradient,
    long next, long count) {
  NAME(vector) sums[TAPS];
  UNROLLED for (int k = 0; k < taps; k++) sums[k] = AT(weights + k * weight_step * LANES);
  for (long i = 0; i < count; i++, gradient += next, pixels.source += step) {
    const NAME(vector) g = AT(gradient);
    UNROLLED for (int k = 0; k < taps; k++)
      if (i + k >= pixels.first && i + k < pixels.end) sums[k] = FMA(AT(pixels.source + k * step), g, sums[k]);
  }
  UNROLLED for (int k = 0; k < taps; k++) AT(weights + k * weight_step * LANES) = sums[k];
}

#define RUN_BACKWARD(n)                                                                                \
  case n:                                                                                              \
    if (n > TAPS) break;                                                                               \
    if (is_whole)                                                                                      \
      NAME(run_backward)(n <= TAPS ? n : 1, step, pixels, weights, run->weight_step, gradients);       \
    else                                                                                               \
      NAME(run_backward_columns)                                                                       \
      (n <= TAPS ? n : 1, step, pixels, weights, run->weight_step, gradient, next, place->count);      \
    break;

INLINE void NAME(backward)(const martlet_depthwise_block *b, const NAME(position) *at, const NAME(place) *place) {
  const martlet_pixel_map *map = b->map;
  const long step = map->step[2] * map->source_stride[3], next = map->output_stride[3];
  const char *gradient = at->output + place->column * next + place->channel * (long)sizeof(REAL);
  const int is_whole = place->count == PIXELS;
  NAME(vector) gradients[PIXELS];
  UNROLLED for (int i = 0; i < PIXELS; i++) gradients[i] = is_whole ? AT(gradient + i * next) : (NAME(vector)){};

  for (long r = 0; r < map->taps; r++) {
    const martlet_depthwise_run *run = b->runs + r;
    const NAME(pixels) pixels = NAME(reach)(b, at, place, r);
    if (pixels.first >= pixels.end) continue;
    REAL *weights = place->weights + run->weight * LANES;
    switch (run->taps) { EACH_COUNT(RUN_BACKWARD) default: break; }
  }
}

// The same for all channels of one column where they are too few for a vector.
static void NAME(narrow)(
    const int backward, const martlet_depthwise_block *b, const NAME(position) *at, const NAME(place) *place) {
  const martlet_pixel_map *map = b->map;
  const long step = map->step[2] * map->source_stride[3];
  REAL *output = (REAL *)(at->output + place->column * map->output_stride[3]);
  for (long c = 0; c < b->channels; c++) {
    REAL sum = b->bias ? ((const REAL *)b->bias)[c] : 0;
    for (long r = 0; r < map->taps; r++) {
      const martlet_depthwise_run *run = b->runs + r;
      const NAME(pixels) pixels = NAME(reach)(b, at, place, r);
      for (long k = pixels.first; k < pixels.end; k++) {
        const REAL source = ((const REAL *)(pixels.source + k * step))[c];
        REAL *weight = place->weights + (run->weight + k * run->weight_step) * LANES + c;
        if (backward)
          *weight += source * output[c];
        else
          sum += source * *weight;
      }
    }
    if (!backward) output[c] = b->rectify && sum < 0 ? 0 : sum;
  }
}

// The lines that the row below reads and this one does not, and its place in the output: a line a pixel, too far apart
// for the processor to foresee. A row that is alone goes on in the same way.
INLINE void NAME(prefetch_below)(
    const martlet_depthwise_block *b, const NAME(position) *at, const NAME(place) *place) {
  const martlet_pixel_map *map = b->map;
  const long rows = map->grid[2] > 1, channel = place->channel * (long)sizeof(REAL);
  const long column = place->column + (rows ? 0 : 4 * PIXELS);
  const char *output = at->output + rows * map->output_stride[2] + column * map->output_stride[3] + channel;
  UNROLLED for (int i = 0; i < PIXELS; i++, output += map->output_stride[3]) __builtin_prefetch(output, 0, 2);
  if (map->taps == 0) return;
  const martlet_tap *last = map->tap + map->taps - 1;
  const char *source = at->image + (at->source_depth + last->offset[0]) * map->source_stride[1] +
                       (at->source_height + rows * map->step[1] + last->offset[1]) * map->source_stride[2] +
                       (column * map->step[2] + last->offset[2]) * map->source_stride[3] + channel;
  const long step = map->step[2] * map->source_stride[3];
  UNROLLED for (int i = 0; i < PIXELS; i++, source += step) __builtin_prefetch(source, 0, 2);
}

// Neighbouring vectors of channels follow each other: they lie in the pixels' next lines.
INLINE void NAME(walk)(const int backward, const martlet_depthwise_block *b) {
  const martlet_pixel_map *map = b->map;
  const long height = b->row % map->grid[2], depth = b->row / map->grid[2] % map->grid[1];
  const long image = b->row / (map->grid[2] * map->grid[1]);
  const NAME(position) at = {
      .image = (const char *)map->source + image * map->source_stride[0],
      .output = (char *)map->output + image * map->output_stride[0] + depth * map->output_stride[1] +
                height * map->output_stride[2],
      .source_depth = depth * map->step[0],
      .source_height = height * map->step[1],
  };
  const int is_narrow = b->channels < LANES;
  const long columns = is_narrow ? 1 : PIXELS;
  const long end = b->first_column + b->columns;
  for (long column = b->first_column; column < end; column += columns) {
    for (long v = b->first_vector; v < b->first_vector + b->vectors; v++) {
      const long excess = is_narrow ? 0 : (v + 1) * LANES - b->channels;
      const NAME(place) place = {
          .column = column,
          .count = end - column < columns ? end - column : columns,
          .channel = v * LANES - (excess > 0 ? excess : 0),
          .repeated = excess > 0 ? excess : 0,
          .weights = (REAL *)b->weights + v * b->weight_count * LANES,
      };
      if (is_narrow) {
        NAME(narrow)(backward, b, &at, &place);
        continue;
      }
      NAME(prefetch_below)(b, &at, &place);
      if (backward)
        NAME(backward)(b, &at, &place);
      else
        NAME(forward)(b, &at, &place);
    }
  }
}

static void NAME(multiply)(const martlet_depthwise_block *block) { NAME(walk)(0, block); }
static void NAME(add_weight_products)(const martlet_depthwise_block *block) { NAME(walk)(1, block); }

static const martlet_depthwise_kernels NAME(table) = {
    .lanes = LANES,
    .run_taps = TAPS,
    .multiply = NAME(multiply),
    .add_weight_products = NAME(add_weight_products),
};

#undef ADD_PIXEL
#undef RUN_FORWARD
#undef RUN_BACKWARD
#undef UNROLLED
#undef INLINE
#undef AT
