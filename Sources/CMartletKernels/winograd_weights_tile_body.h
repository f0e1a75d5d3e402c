// The transforms of one size of tile, included once for each instruction set and size with TILE and TAPS, the output
// pixels and the kernel's taps along a side, and TILE_NAME(x).

enum { TILE_NAME(edge) = TILE + TAPS - 1, TILE_NAME(taps) = TAPS * TAPS };
#define EDGE TILE_NAME(edge)

// An `extent`² tile of 16 channels at `from`, transformed and stored: of its pixels those whose row and column have a bit,
// all if it is `whole`, zeros for the others. Extent, the kind of transform and `whole` are constants at every call,
// `normalize` is one where tiles are whole.
ALWAYS_INLINE void TILE_NAME(transform_block)(
    const int is_input, const int whole, const int normalize, const martlet_winograd_image *image, unsigned rows,
    unsigned columns, long channel, const float *from, long row_stride, long pixel_stride, long ahead, float *to,
    long frequency_stride) {
  const int extent = is_input ? EDGE : TILE;
#pragma clang loop unroll(disable)
  for (int lane = 0; lane < 16; lane += LANES) {
    NAME(vector) mean, scale, shift;
    if (normalize) {
      mean = NAME(load)(image->mean + channel + lane);
      scale = NAME(load)(image->scale + channel + lane);
      shift = NAME(load)(image->shift + channel + lane);
    }
    // What tiles further along the row add. Into the second cache: the first one's few outstanding misses are needed
    // for what is read now.
    if (whole && lane == 0) {
#pragma clang loop unroll(full)
      for (int i = 0; i < extent; i++)
#pragma clang loop unroll(full)
        for (int j = 0; j < TILE; j++)
          __builtin_prefetch(from + i * row_stride + j * pixel_stride + ahead, 0, 2);
    }
    NAME(vector) half[EDGE][EDGE];
#pragma clang loop unroll(full)
    for (int j = 0; j < extent; j++) {
      NAME(vector) column[EDGE], result[EDGE];
#pragma clang loop unroll(full)
      for (int i = 0; i < extent; i++) {
        column[i] = (NAME(vector)){};
        if (!whole && !(rows >> i & columns >> j & 1)) continue;
        NAME(vector) x = NAME(load)(from + i * row_stride + j * pixel_stride + lane);
        if (normalize) {
          x = FMA(x - mean, scale, shift);
          if (normalize > 1) x = NAME(rectified)(x);
        }
        column[i] = x;
      }
      if (is_input) TILE_NAME(input)(column, result);
      else TILE_NAME(output_gradient)(column, result);
#pragma clang loop unroll(full)
      for (int i = 0; i < EDGE; i++) half[i][j] = result[i];
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < EDGE; i++) {
      NAME(vector) result[EDGE];
      if (is_input) TILE_NAME(input)(half[i], result);
      else TILE_NAME(output_gradient)(half[i], result);
#pragma clang loop unroll(full)
      for (int j = 0; j < EDGE; j++) NAME(store)(to + (i * EDGE + j) * frequency_stride + lane, result[j]);
    }
  }
}

// Those of a tile at an edge.
#define EDGE_BLOCK(name, is_input)                                                                        \
  static __attribute__((noinline)) void TILE_NAME(name)(                                                  \
      const martlet_winograd_image *image, unsigned rows, unsigned columns, long channel,                 \
      const float *from, long row_stride, long pixel_stride, float *to, long frequency_stride) {          \
    const int normalize = !image->mean ? 0 : image->rectify ? 2 : 1;                                      \
    TILE_NAME(transform_block)(                                                                           \
        is_input, 0, normalize, image, rows, columns, channel, from, row_stride, pixel_stride, 0, to,     \
        frequency_stride);                                                                                \
  }
EDGE_BLOCK(input_edge, 1)
EDGE_BLOCK(gradient_edge, 0)
#undef EDGE_BLOCK

// A copy of less than 16 channels of a tile, with zeros where it lies outside the image or the channels end, and for
// pixels of no slice.
static __attribute__((noinline)) void TILE_NAME(gather)(
    const int extent, const martlet_winograd_image *image, const float *pixels, long row, long column, long channel,
    float *to) {
  const long channels = image->channels - channel;
  for (int i = 0; i < extent; i++) {
    const long y = row + i * image->row_step;
    for (int j = 0; j < extent; j++, to += 16) {
      const long x = column + j * image->column_step;
      for (int lane = 0; lane < 16; lane += LANES) NAME(store)(to + lane, (NAME(vector)){});
      if (!pixels || y < 0 || y >= image->height || x < 0 || x >= image->width) continue;
      const float *from = pixels + y * image->row_stride + x * image->pixel_stride + channel;
      for (long c = 0; c < channels; c++) to[c] = from[c];
      if (image->mean) {
        for (long c = 0; c < channels; c++) {
          const float value = FMA(
              to[c] - image->mean[channel + c], image->scale[channel + c], image->shift[channel + c]);
          to[c] = image->rectify && value < 0 ? 0 : value;
        }
      }
    }
  }
}

ALWAYS_INLINE void TILE_NAME(transform)(
    const int is_input, const int normalize, const martlet_winograd_image *image, long first, long count,
    const martlet_winograd_tile_block *to) {
  if (image->channels == 0) return;
  const int extent = is_input ? EDGE : TILE;
  const long row_stride = image->row_step * image->row_stride;
  const long pixel_stride = image->column_step * image->pixel_stride;
  const int has_slice = image->slice >= 0 && image->slice < image->depth;
  // How far before its use a pixel is prefetched: some 64 channels of work, at least a tile.
  const long tiles_ahead = image->channels >= 64 ? 1 : 4 / ((image->channels + 15) / 16);
  const long ahead = (extent - TILE + tiles_ahead * TILE) * pixel_stride;
  // The number of the first tile, taken apart.
  long rest = first;
  long tile_column = rest % image->tiles_wide;
  rest /= image->tiles_wide;
  long tile_row = rest % image->tiles_high;
  rest /= image->tiles_high;
  long column_phase = rest % image->column_phases;
  rest /= image->column_phases;
  long row_phase = rest % image->row_phases;
  long number = rest / image->row_phases;

  for (long t = 0; t < count; t++) {
    const float *pixels =
        has_slice ? image->pixels + number * image->image_stride + image->slice * image->slice_stride : 0;
    const long row = image->top + row_phase + tile_row * TILE * image->row_step;
    const long column = image->left + column_phase + tile_column * TILE * image->column_step;
    const unsigned all = (1u << extent) - 1;
    const unsigned rows = pixels ? winograd_pixels_inside(extent, row, image->row_step, image->height) : 0;
    const unsigned columns = winograd_pixels_inside(extent, column, image->column_step, image->width);
    const float *from = (pixels ? pixels : image->pixels) + row * image->row_stride + column * image->pixel_stride;
    float *values = to->values + t * 16;
    long channel = 0;
    for (; channel + 16 <= image->channels; channel += 16, values += to->block_stride) {
      if ((rows & columns) == all)
        TILE_NAME(transform_block)(
            is_input, 1, normalize, image, rows, columns, channel, from + channel, row_stride, pixel_stride, ahead,
            values, to->frequency_stride);
      else if (is_input)
        TILE_NAME(input_edge)(
            image, rows, columns, channel, from + channel, row_stride, pixel_stride, values, to->frequency_stride);
      else
        TILE_NAME(gradient_edge)(
            image, rows, columns, channel, from + channel, row_stride, pixel_stride, values, to->frequency_stride);
    }
    if (channel < image->channels) {
      float tile[EDGE * EDGE * 16] __attribute__((aligned(64)));
      TILE_NAME(gather)(extent, image, pixels, row, column, channel, tile);
      TILE_NAME(transform_block)(
          is_input, 1, 0, image, all, all, channel, tile, extent * 16, 16, 0, values, to->frequency_stride);
    }
    if (++tile_column < image->tiles_wide) continue;
    tile_column = 0;
    if (++tile_row < image->tiles_high) continue;
    tile_row = 0;
    if (++column_phase < image->column_phases) continue;
    column_phase = 0;
    if (++row_phase < image->row_phases) continue;
    row_phase = 0;
    number++;
  }
}

static void TILE_NAME(transform_input)(
    const martlet_winograd_image *image, long first, long count, const martlet_winograd_tile_block *to) {
  if (!image->mean) TILE_NAME(transform)(1, 0, image, first, count, to);
  else if (!image->rectify) TILE_NAME(transform)(1, 1, image, first, count, to);
  else TILE_NAME(transform)(1, 2, image, first, count, to);
}

static void TILE_NAME(transform_gradient)(
    const martlet_winograd_image *image, long first, long count, const martlet_winograd_tile_block *to) {
  TILE_NAME(transform)(0, 0, image, first, count, to);
}

ALWAYS_INLINE void TILE_NAME(write_run)(int accumulate, const float *from, long count, float *to) {
  if (!accumulate) {
    __builtin_memcpy(to, from, (size_t)count * sizeof(float));
    return;
  }
  long e = 0;
  for (; e + LANES <= count; e += LANES) NAME(store)(to + e, NAME(load)(to + e) + NAME(load)(from + e));
  for (; e < count; e++) to[e] += from[e];
}

// 16 × 16 channels of the weights' gradient are transformed back into [input channel][tap][16 output channels],
// transposed, and go out as runs for each output channel: one where kernels follow each other without gaps.
ALWAYS_INLINE void TILE_NAME(write_tap)(
    const martlet_winograd_gradient_block *block, const float *tap_sums, float *gradient) {
  enum { run = 16 * TILE_NAME(taps) };
  float taps[run * 16] __attribute__((aligned(64)));
  float rows[16 * run] __attribute__((aligned(64)));
  const long stride = block->sums.frequency_stride;
  for (long k = 0; k < block->right_channels; k += 16) {
    for (long c = 0; c < block->left_channels; c += 16) {
      const float *sums = tap_sums + k / 16 * block->sums.block_stride + c * 16;
      const long channels = block->left_channels - c < 16 ? block->left_channels - c : 16;
      const long columns = block->right_channels - k < 16 ? block->right_channels - k : 16;
      const long together = block->kernel_stride == TILE_NAME(taps) ? channels : 1;
      for (long i = 0; i < channels; i++) {
        // Where this goes out to comes from far: while an input channel is transformed, a part of the output channels'
        // lines are fetched, those between the kernels' taps of other depths with them.
        for (long n = i * columns / channels; n < (i + 1) * columns / channels; n++) {
          const float *run_at = gradient + (k + n) * block->gradient_stride + c * block->kernel_stride;
          for (long e = 0; e < channels * block->kernel_stride; e += 16) __builtin_prefetch(run_at + e, 1, 2);
        }
        for (int lane = 0; lane < 16; lane += LANES) {
          NAME(vector) half[TAPS][EDGE];
#pragma clang loop unroll(full)
          for (int q = 0; q < EDGE; q++) {
            NAME(vector) column[EDGE], result[TAPS];
#pragma clang loop unroll(full)
            for (int p = 0; p < EDGE; p++)
              column[p] = NAME(load)(sums + (p * EDGE + q) * stride + i * 16 + lane);
            TILE_NAME(weight_gradient)(column, result);
#pragma clang loop unroll(full)
            for (int p = 0; p < TAPS; p++) half[p][q] = result[p];
          }
#pragma clang loop unroll(full)
          for (int p = 0; p < TAPS; p++) {
            NAME(vector) result[TAPS];
            TILE_NAME(weight_gradient)(half[p], result);
#pragma clang loop unroll(full)
            for (int q = 0; q < TAPS; q++)
              NAME(store)(taps + (i * TILE_NAME(taps) + p * TAPS + q) * 16 + lane, result[q]);
          }
        }
      }
      for (long r = 0; r < channels * TILE_NAME(taps); r += LANES)
        for (int lane = 0; lane < 16; lane += LANES)
          NAME(transpose)(taps + r * 16 + lane, 16, rows + lane * run + r, run);

      for (long n = 0; n < columns; n++) {
        for (long i = 0; i < channels; i += together)
          TILE_NAME(write_run)(
              block->accumulate, rows + n * run + i * TILE_NAME(taps), together * TILE_NAME(taps),
              gradient + (k + n) * block->gradient_stride + (c + i) * block->kernel_stride);
      }
    }
  }
}

static void TILE_NAME(write_gradient)(const martlet_winograd_gradient_block *block) {
  const long tap_stride = (block->left_channels + 15) / 16 * 256;
  for (long tap = 0; tap < block->taps; tap++)
    TILE_NAME(write_tap)(block, block->sums.values + tap * tap_stride, block->gradient + tap * TILE_NAME(taps));
}

static const martlet_winograd_weights_kernels TILE_NAME(table) = {
    .transform_input = TILE_NAME(transform_input),
    .transform_gradient = TILE_NAME(transform_gradient),
    .multiply = NAME(multiply),
    .write_gradient = TILE_NAME(write_gradient),
};
#undef EDGE
