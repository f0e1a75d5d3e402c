// Sums of outer products over pixels, and the packing of their operands, included once for each instruction set and
// element type with what gemm_body.h says.

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
            (t == 0 || block->taps_have_own_lines) && r == 0 ? block->left_ahead : 0, t == 0 && q == 0 ? block->right_ahead : 0,
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
