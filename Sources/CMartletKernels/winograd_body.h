// The body of Winograd's transforms, included once for each instruction set with
//   LANES    elements of a vector                 NAME(x)  the name of x in this set
//   FMA(a, b, c)  a * b + c on vectors            LOWER, UPPER(a, b)  halves of two vectors in turns
//
// Channels are taken a vector at a time. Where they do not fill the last vector, it starts earlier and does some
// channels again, to the same result; fewer channels than a vector has are copied to and fro, and so are the last ones
// where something is added, which may lie where the result does.

#include "winograd_tiles_body.h"

#define FREQUENCY float
#define STORE_FREQUENCY NAME(store_some)
#define INPUT_TILES WINOGRAD_TILES
#include "winograd_input_body.h"
#undef FREQUENCY
#undef STORE_FREQUENCY
#undef INPUT_TILES

#include "winograd_gather_body.h"

// MARK: Output

// One tile and one vector of channels, of which the first `again` were done before. `whole` says that all pixels lie
// in the image. Moments are not gathered of what is added to.
INLINE void NAME(output_block)(
    const int m, const int r, const int whole, const int stream, const int moments, const int adds,
    const martlet_winograd_output *output, const float *from, float *pixels, long row, long column, unsigned rows, unsigned columns, long channel,
    long lanes, long again) {
  const int n = m + r - 1;
  const long stride = output->frequency_stride;
  // Where in the result the first pixel is: there lies what is added to it.
  const long place = pixels - output->result;
  if (adds && whole) {
    UNROLL for (int i = 0; i < m; i++)
      UNROLL for (int j = 0; j < m; j++)
        __builtin_prefetch(output->addend + place + i * row + j * column);
  }
  NAME(vector) half[4][6];
  UNROLL for (int j = 0; j < n; j++) {
    NAME(vector) f[6], t[4];
    UNROLL for (int i = 0; i < n; i++) f[i] = NAME(load_some)(from + (i * n + j) * stride, lanes);
    NAME(output)(m, r, f, t);
    UNROLL for (int i = 0; i < m; i++) half[i][j] = t[i];
  }
  const NAME(vector) bias =
      output->bias ? NAME(load_some)(output->bias + channel, lanes) : (NAME(vector)){};
  NAME(vector) pivot = {}, sum = {}, square = {};
  if (moments) pivot = NAME(load_some)(output->pivots + channel, lanes);
  UNROLL for (int i = 0; i < m; i++) {
    NAME(vector) t[4];
    NAME(output)(m, r, half[i], t);
    UNROLL for (int j = 0; j < m; j++) {
      if (!whole && !(rows >> i & columns >> j & 1)) continue;
      NAME(vector) y = t[j] + bias;
      if (moments) {
        const NAME(vector) difference = y - pivot;
        sum += difference;
        square = FMA(difference, difference, square);
      }
      if (adds) y += NAME(load_some)(output->addend + place + i * row + j * column, lanes);
      if (output->rectify) y = NAME(at_least)((NAME(vector)){}, y);
      float *to = pixels + i * row + j * column;
      if (stream) __builtin_nontemporal_store(y, (NAME(vector) *)to);
      else NAME(store_some)(to, y, lanes);
    }
  }
  if (moments) {
    float *sums = output->sums + channel, *squares = output->squares + channel;
    if (again == 0 && lanes == LANES) {
      NAME(store)(sums, NAME(load)(sums) + sum);
      NAME(store)(squares, NAME(load)(squares) + square);
    } else {
      for (long i = again; i < lanes; i++) {
        sums[i] += sum[i];
        squares[i] += square[i];
      }
    }
  }
}

#define OUTPUT_BLOCK(name, m, r, whole, stream, moments, adds, lanes_given)                            \
  static __attribute__((noinline)) void NAME(name)(                                                    \
      const martlet_winograd_output *output, const float *from, float *pixels, long row, long column,  \
      unsigned rows, unsigned columns, long channel, long lanes, long again) {                         \
    NAME(output_block)(                                                                                \
        m, r, whole, stream, moments, adds, output, from, pixels, row, column, rows, columns, channel, \
        lanes_given, again);                                                                           \
  }
#define OUTPUT_BLOCKS(m, r)                                                                       \
  OUTPUT_BLOCK(output_whole_##m##r, m, r, 1, 0, 0, 0, LANES)                                      \
  OUTPUT_BLOCK(output_whole_add_##m##r, m, r, 1, 0, 0, 1, LANES)                                  \
  OUTPUT_BLOCK(output_whole_moments_##m##r, m, r, 1, 0, 1, 0, LANES)                              \
  OUTPUT_BLOCK(output_stream_##m##r, m, r, 1, 1, 0, 0, LANES)                                     \
  OUTPUT_BLOCK(output_stream_add_##m##r, m, r, 1, 1, 0, 1, LANES)                                 \
  OUTPUT_BLOCK(output_stream_moments_##m##r, m, r, 1, 1, 1, 0, LANES)                             \
  OUTPUT_BLOCK(output_some_##m##r, m, r, 0, 0, output->pivots != 0, output->addend != 0, lanes)
WINOGRAD_TILES(OUTPUT_BLOCKS)
#undef OUTPUT_BLOCKS
#undef OUTPUT_BLOCK

typedef void (*NAME(output_function))(
    const martlet_winograd_output *, const float *, float *, long, long, unsigned, unsigned, long, long, long);

// The first pixel of a run's first tile, in the image or not: near enough to the mean of the run.
INLINE void NAME(choose_pivots)(const int m, const int r, const martlet_winograd_output *output) {
  const int n = m + r - 1;
  for (long c = 0; c < output->channels; c += LANES) {
    const long left = output->channels - c, lanes = left < LANES ? left : LANES;
    NAME(vector) half[6], t[4];
    UNROLL for (int j = 0; j < n; j++) {
      NAME(vector) f[6];
      UNROLL for (int i = 0; i < n; i++)
        f[i] = NAME(load_some)(output->frequencies + (i * n + j) * output->frequency_stride + c, lanes);
      NAME(output)(m, r, f, t);
      half[j] = t[0];
    }
    NAME(output)(m, r, half, t);
    if (output->bias) t[0] += NAME(load_some)(output->bias + c, lanes);
    NAME(store_some)(output->pivots + c, t[0], lanes);
  }
}

INLINE void NAME(transform_output)(
    const int m, const int r, const martlet_winograd_output *output, NAME(output_function) whole,
    NAME(output_function) some) {
  const martlet_winograd_tiles *tiles = &output->tiles;
  const martlet_winograd_plane *plane = &output->plane;
  const long row = plane->row_stride * tiles->step[0], column = plane->column_stride * tiles->step[1];
  const long channels = output->channels;
  if (output->pivots) {
    NAME(choose_pivots)(m, r, output);
    __builtin_memset(output->sums, 0, (size_t)channels * sizeof(float));
    __builtin_memset(output->squares, 0, (size_t)channels * sizeof(float));
  }
  const float *from = output->frequencies;
  for (long s = 0; s < tiles->slices; s++) {
    const long slice = NAME(slice)(plane, s);
    const int has_slice = NAME(has_slice)(plane, slice);
    NAME(place) place = NAME(first_place)(tiles);
    for (long i = 0; i < tiles->count; i++, from += output->tile_stride, NAME(step)(tiles, &place)) {
      const long y = NAME(start)(m, tiles, plane, &place, 0), x = NAME(start)(m, tiles, plane, &place, 1);
      const unsigned rows = has_slice ? winograd_pixels_inside(m, y, tiles->step[0], plane->size[0]) : 0;
      const unsigned columns = winograd_pixels_inside(m, x, tiles->step[1], plane->size[1]);
      const unsigned all = (1u << m) - 1;
      float *pixels = output->result + place.image * plane->image_stride + slice * plane->slice_stride +
                      y * plane->row_stride + x * plane->column_stride;
      NAME(output_function) function = (rows & columns) == all ? whole : some;
      for (long c = 0; c < channels; c += LANES) {
        const long left = channels - c;
        if (left < LANES && (channels < LANES || output->addend)) {
          some(output, from + c, pixels + c, row, column, rows, columns, c, left, 0);
          continue;
        }
        const long channel = left < LANES ? channels - LANES : c;
        function(
            output, from + channel, pixels + channel, row, column, rows, columns, channel, LANES, c - channel);
      }
    }
  }
#if defined(__x86_64__)
  if (output->stream) __builtin_ia32_sfence();
#endif
}

#define TRANSFORM_OUTPUT(m, r)                                                                          \
  static void NAME(transform_output_##m##r)(const martlet_winograd_output *output) {                    \
    static const NAME(output_function) functions[2][3] = {                                              \
        {NAME(output_whole_##m##r), NAME(output_whole_add_##m##r), NAME(output_whole_moments_##m##r)},  \
        {NAME(output_stream_##m##r), NAME(output_stream_add_##m##r),                                    \
         NAME(output_stream_moments_##m##r)},                                                           \
    };                                                                                                  \
    const int extra = output->pivots ? 2 : output->addend ? 1 : 0;                                      \
    NAME(transform_output)(                                                                             \
        m, r, output, functions[output->stream != 0][extra], NAME(output_some_##m##r));                 \
  }
WINOGRAD_TILES(TRANSFORM_OUTPUT)
#undef TRANSFORM_OUTPUT

// MARK: Weights

// Element j of vector i becomes element i of vector j.
INLINE void NAME(transpose)(NAME(vector) *rows) {
  UNROLL for (int distance = 1; distance < LANES; distance *= 2) {
    NAME(vector) next[LANES];
    UNROLL for (int i = 0; i < LANES / 2; i++) {
      next[2 * i] = LOWER(rows[i], rows[i + LANES / 2]);
      next[2 * i + 1] = UPPER(rows[i], rows[i + LANES / 2]);
    }
    UNROLL for (int i = 0; i < LANES; i++) rows[i] = next[i];
  }
}

enum { NAME(near_steps) = 32, NAME(near_pad) = 16 };

// Some weights of LANES columns, in rows that go along the steps (forward) or along the columns (backward). Kernels of
// one slice follow each other without gaps: a row is one run.
typedef struct {
  const float *first;
  int along_steps;
  long rows, row_stride;
  long kernels, kernel_stride;
} NAME(far_weights);

INLINE NAME(far_weights) NAME(far)(
    const martlet_winograd_weights *weights, long column, long columns, long step, long steps) {
  const int along_steps = weights->step_stride <= weights->column_stride;
  return (NAME(far_weights)){
      .first = weights->weights + column * weights->column_stride + step * weights->step_stride,
      .along_steps = along_steps,
      .rows = along_steps ? columns : steps,
      .row_stride = along_steps ? weights->column_stride : weights->step_stride,
      .kernels = along_steps ? steps : columns,
      .kernel_stride = along_steps ? weights->step_stride : weights->column_stride,
  };
}

// A row, into the second cache: rows are short and lie where no processor foresees them.
INLINE void NAME(fetch_row)(const NAME(far_weights) *far, long row) {
  const float *from = far->first + row * far->row_stride;
  for (long i = 0; i < far->kernels * far->kernel_stride; i += 16) __builtin_prefetch(from + i, 0, 2);
}

// The same weights, copied to where rows do not contend for the same cache lines and where a little more can be read
// than there is; missing columns are zero.
typedef struct {
  float elements[LANES * (16 * NAME(near_steps) + NAME(near_pad)) + NAME(near_steps) * NAME(near_pad)];
  long column_stride, step_stride;
} NAME(near_weights);

INLINE void NAME(copy_near)(const int taps, NAME(near_weights) *near, const NAME(far_weights) *far) {
  const long pitch = taps * (far->along_steps ? NAME(near_steps) : LANES) + NAME(near_pad);
  const long run = far->kernel_stride == taps ? far->kernels : 1;
  near->column_stride = far->along_steps ? pitch : taps;
  near->step_stride = far->along_steps ? taps : pitch;
  if ((far->along_steps ? far->rows : far->kernels) < LANES)
    __builtin_memset(near->elements, 0, (size_t)((far->along_steps ? LANES : NAME(near_steps)) * pitch + LANES) * 4);
  for (long r = 0; r < far->rows; r++)
    for (long k = 0; k < far->kernels; k += run)
      __builtin_memcpy(
          near->elements + r * pitch + k * taps, far->first + r * far->row_stride + k * far->kernel_stride,
          (size_t)(run * taps) * sizeof(float));
}

// The frequencies of the r × r weights g, one vector of columns, `stride` apart.
INLINE void NAME(store_weights)(
    const int m, const int r, const NAME(vector) *g, int flipped, float *to, long stride) {
  const int n = m + r - 1;
  NAME(vector) half[6][4];
  UNROLL for (int j = 0; j < r; j++) {
    NAME(vector) w[4], t[6];
    UNROLL for (int i = 0; i < r; i++) w[i] = flipped ? g[r * r - 1 - r * i - j] : g[r * i + j];
    NAME(weight)(m, r, w, t);
    UNROLL for (int i = 0; i < n; i++) half[i][j] = t[i];
  }
  UNROLL for (int i = 0; i < n; i++) {
    NAME(vector) t[6];
    NAME(weight)(m, r, half[i], t);
    UNROLL for (int j = 0; j < n; j++) NAME(store)(to + (i * n + j) * stride, t[j]);
  }
}

INLINE void NAME(transform_weights)(const int m, const int r, const martlet_winograd_weights *weights) {
  const int taps = r * r;
  const long stride = weights->frequency_stride;
  NAME(near_weights) near;
  for (long step = 0; step < weights->steps; step += NAME(near_steps)) {
    const long left = weights->steps - step, steps = left < NAME(near_steps) ? left : NAME(near_steps);
    for (long column = 0; column < weights->width; column += LANES) {
      const long missing = weights->columns - column;
      const long columns = missing < 0 ? 0 : missing < LANES ? missing : LANES;
      const NAME(far_weights) far = NAME(far)(weights, column, columns, step, steps);
      const int is_last = column + LANES >= weights->columns;
      const NAME(far_weights) next =
          NAME(far)(weights, is_last ? 0 : column + LANES, columns, is_last ? step + steps : step, steps);
      NAME(copy_near)(taps, &near, &far);
      for (long s = 0; s < steps; s++) {
        if (s < next.rows) NAME(fetch_row)(&next, s);
        const float *from = near.elements + s * near.step_stride;
        NAME(vector) g[16];
        UNROLL for (int tap = 0; tap < taps; tap += LANES) {
          UNROLL for (int i = 0; i < LANES; i++) g[tap + i] = NAME(load)(from + i * near.column_stride + tap);
          NAME(transpose)(g + tap);
        }
        NAME(store_weights)(
            m, r, g, weights->flipped, weights->panel + (step + s) * weights->width + column, stride);
      }
    }
  }
}

// Elements from a weight to the one that is fetched with it: a model's weights come from far away, faster than they are
// transformed if they are asked for early.
enum { NAME(weights_ahead) = 1024 };

INLINE void NAME(transform_ordered_weights)(
    const int m, const int r, const martlet_winograd_ordered_weights *weights) {
  for (long step = 0; step < weights->steps; step++)
    for (long column = 0; column < weights->width; column += LANES) {
      const float *from = weights->weights + step * weights->step_stride + column;
      NAME(vector) g[16];
      UNROLL for (int tap = 0; tap < r * r; tap++) {
        g[tap] = NAME(load)(from + tap * weights->width);
        __builtin_prefetch(from + tap * weights->width + NAME(weights_ahead), 0, 2);
      }
      NAME(store_weights)(
          m, r, g, weights->flipped, weights->panel + step * weights->width + column, weights->frequency_stride);
    }
}

// What a tile's table holds.
#define TABLE(m, r)                                                                                     \
  static void NAME(transform_weights_##m##r)(const martlet_winograd_weights *weights) {                 \
    NAME(transform_weights)(m, r, weights);                                                             \
  }                                                                                                     \
  static void NAME(transform_ordered_weights_##m##r)(const martlet_winograd_ordered_weights *weights) { \
    NAME(transform_ordered_weights)(m, r, weights);                                                     \
  }                                                                                                     \
  static const martlet_winograd_kernels NAME(table_##m##r) = {                                          \
      .lanes = LANES,                                                                                   \
      .transform_input = NAME(transform_input_##m##r),                                                  \
      .transform_output = NAME(transform_output_##m##r),                                                \
      .transform_weights = NAME(transform_weights_##m##r),                                              \
      .transform_ordered_weights = NAME(transform_ordered_weights_##m##r),                              \
      .gather_components = NAME(gather_components),                                                     \
  };
WINOGRAD_TILES(TABLE)
#undef TABLE

#undef INLINE
#undef UNROLL
