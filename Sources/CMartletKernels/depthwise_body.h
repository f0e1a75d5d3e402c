// The body of the depthwise kernels, included once for each instruction set and element type with
// REAL, LANES, NAME(x) and FMA(a, b, c) as in gemm_body.h.

typedef REAL NAME(vector) __attribute__((vector_size(LANES * sizeof(REAL))));
typedef REAL NAME(loose) __attribute__((vector_size(LANES * sizeof(REAL)), aligned(sizeof(REAL)), may_alias));

#define INLINE static inline __attribute__((always_inline))
#define AT(p) (*(const NAME(loose) *)(p))

// Pixels computed together, so that a weight is loaded once for all of them, and taps whose sums are kept
// in registers together.
enum { NAME(pixels) = 4, NAME(together) = 4 };

INLINE void NAME(pixels_forward)(const int count, const martlet_depthwise_block *b, long m) {
  const void *const *sources = b->sources + m;
  const REAL *weights = b->weights, *bias = b->bias;
  long c = 0;
  for (; c + LANES <= b->channels; c += LANES) {
    NAME(vector) sums[NAME(pixels)];
    for (int i = 0; i < count; i++) sums[i] = bias ? AT(bias + c) : (NAME(vector)){};
    for (long t = 0; t < b->taps; t++) {
      const NAME(vector) w = AT(weights + t * b->channels + c);
      const void *const *row = sources + t * b->source_pitch;
#pragma clang loop unroll(full)
      for (int i = 0; i < count; i++) sums[i] = FMA(AT((const REAL *)row[i] + c), w, sums[i]);
    }
    for (int i = 0; i < count; i++) {
      if (b->rectify) {
        const __typeof__(sums[i] < 0) negative = sums[i] < 0;
        sums[i] = (NAME(vector))((__typeof__(sums[i] < 0))sums[i] & ~negative);
      }
      *(NAME(loose) *)((REAL *)b->outputs[m + i] + c) = sums[i];
    }
  }
  for (; c < b->channels; c++) {
    for (int i = 0; i < count; i++) {
      REAL sum = bias ? bias[c] : 0;
      for (long t = 0; t < b->taps; t++)
        sum += ((const REAL *)sources[t * b->source_pitch + i])[c] * weights[t * b->channels + c];
      ((REAL *)b->outputs[m + i])[c] = b->rectify && sum < 0 ? 0 : sum;
    }
  }
}

static void NAME(multiply)(const martlet_depthwise_block *block) {
  long m = 0;
  for (; m + NAME(pixels) <= block->rows; m += NAME(pixels)) NAME(pixels_forward)(NAME(pixels), block, m);
  for (; m < block->rows; m++) NAME(pixels_forward)(1, block, m);
}

INLINE void NAME(taps_backward)(const int count, const martlet_depthwise_block *b, long t) {
  const void *const *sources = b->sources + t * b->source_pitch;
  REAL *sums_at = (REAL *)b->sums + t * b->channels;
  long c = 0;
  for (; c + LANES <= b->channels; c += LANES) {
    NAME(vector) sums[NAME(together)];
    for (int i = 0; i < count; i++) sums[i] = AT(sums_at + i * b->channels + c);
    for (long m = 0; m < b->rows; m++) {
      const NAME(vector) g = AT((const REAL *)b->outputs[m] + c);
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
        sum += ((const REAL *)sources[i * b->source_pitch + m])[c] * ((const REAL *)b->outputs[m])[c];
      sums_at[i * b->channels + c] = sum;
    }
  }
}

static void NAME(add_weight_products)(const martlet_depthwise_block *block) {
  long t = 0;
  for (; t + NAME(together) <= block->taps; t += NAME(together)) NAME(taps_backward)(NAME(together), block, t);
  for (; t < block->taps; t++) NAME(taps_backward)(1, block, t);
}

static const martlet_depthwise_kernels NAME(table) = {
    .multiply = NAME(multiply),
    .add_weight_products = NAME(add_weight_products),
};

#undef INLINE
#undef AT
