// The pooling and resampling kernels for one instruction set and one floating-point type.
//
// Before including: REAL, INTEGER (signed, of REAL's size), FN(name) and FMA(a, b, c).

// 16 floats or 8 doubles, the integers of a comparison of them, and their narrower tap numbers.
typedef REAL FN(lanes) __attribute__((ext_vector_type(64 / sizeof(REAL))));
typedef FN(lanes) FN(lanes_anywhere) __attribute__((aligned(__alignof__(REAL))));
typedef INTEGER FN(numbers) __attribute__((ext_vector_type(64 / sizeof(REAL))));
typedef uint8_t FN(bytes) __attribute__((ext_vector_type(64 / sizeof(REAL))));
typedef FN(bytes) FN(bytes_anywhere) __attribute__((aligned(1)));
typedef int32_t FN(words) __attribute__((ext_vector_type(64 / sizeof(REAL))));
typedef FN(words) FN(words_anywhere) __attribute__((aligned(4)));
#define LANES ((ptrdiff_t)(64 / sizeof(REAL)))
#define LOAD(p) ((FN(lanes))(*(const FN(lanes_anywhere) *)(p)))
#define STORE(p, v) (*(FN(lanes_anywhere) *)(p) = (v))
// Past the caches: whole aligned vectors only.
#define STREAM(p, v) __builtin_nontemporal_store(v, (FN(lanes) *)(p))
#define CAN_STREAM(p) (channels % LANES == 0 && (size_t)(p) % 64 == 0)

static inline void FN(max_pixels)(const REAL *x, martlet_pool_rows rows, martlet_pool_axis axis,
                                  ptrdiff_t width, ptrdiff_t channels, const int wide, REAL *y, void *index) {
  uint8_t *bytes = index;
  int32_t *words = index;
  for (ptrdiff_t o = 0; o < width; o++) {
    const int32_t begin = axis.start[o], end = axis.start[o + 1];
    const INTEGER first = rows.count > 0 && begin < end ? rows.number[0] + axis.number[begin] : 0;
    REAL *out = y + o * channels;
    ptrdiff_t c = 0;
    for (; c + LANES <= channels; c += LANES) {
      FN(lanes) best = (FN(lanes))(REAL)-INFINITY;
      FN(numbers) at = (FN(numbers))first;
      for (ptrdiff_t r = 0; r < rows.count; r++) {
        const REAL *row = x + rows.offset[r] + c;
        for (int32_t t = begin; t < end; t++) {
          FN(lanes) v = LOAD(row + axis.source[t] * channels);
          FN(numbers) larger = (v > best) | (v != v);
          best = larger ? v : best;
          at = larger ? (FN(numbers))(INTEGER)(rows.number[r] + axis.number[t]) : at;
        }
      }
      STORE(out + c, best);
      if (wide) {
        *(FN(words_anywhere) *)(words + o * channels + c) = __builtin_convertvector(at, FN(words));
      } else {
        *(FN(bytes_anywhere) *)(bytes + o * channels + c) = __builtin_convertvector(at, FN(bytes));
      }
    }
    for (; c < channels; c++) {
      REAL best = (REAL)-INFINITY;
      INTEGER at = first;
      for (ptrdiff_t r = 0; r < rows.count; r++) {
        const REAL *row = x + rows.offset[r] + c;
        for (int32_t t = begin; t < end; t++) {
          REAL v = row[axis.source[t] * channels];
          if (v > best || v != v) {
            best = v;
            at = rows.number[r] + axis.number[t];
          }
        }
      }
      out[c] = best;
      if (wide) {
        words[o * channels + c] = (int32_t)at;
      } else {
        bytes[o * channels + c] = (uint8_t)at;
      }
    }
  }
}

static void FN(max_row)(const void *x, martlet_pool_rows rows, martlet_pool_axis axis, ptrdiff_t width,
                        ptrdiff_t channels, int wide, void *y, void *index) {
  if (wide) {
    FN(max_pixels)(x, rows, axis, width, channels, 1, y, index);
  } else {
    FN(max_pixels)(x, rows, axis, width, channels, 0, y, index);
  }
}

static inline void FN(max_gradient_pixels)(const REAL *dy, const void *index, martlet_pool_rows rows,
                                           martlet_pool_axis axis, ptrdiff_t width, ptrdiff_t channels,
                                           const int wide, const int stream, REAL *dx) {
  const uint8_t *bytes = index;
  const int32_t *words = index;
  for (ptrdiff_t i = 0; i < width; i++) {
    const int32_t begin = axis.start[i], end = axis.start[i + 1];
    REAL *out = dx + i * channels;
    ptrdiff_t c = 0;
    for (; c + LANES <= channels; c += LANES) {
      FN(lanes) sum = 0;
      for (ptrdiff_t r = 0; r < rows.count; r++) {
        for (int32_t t = begin; t < end; t++) {
          const int64_t at = rows.offset[r] + axis.source[t] * channels + c;
          FN(numbers) taken = wide ? __builtin_convertvector(
                                         (FN(words))(*(const FN(words_anywhere) *)(words + at)), FN(numbers))
                                   : __builtin_convertvector(
                                         (FN(bytes))(*(const FN(bytes_anywhere) *)(bytes + at)), FN(numbers));
          FN(numbers) hit = taken == (FN(numbers))(INTEGER)(rows.number[r] + axis.number[t]);
          sum += hit ? LOAD(dy + at) : (FN(lanes))0;
        }
      }
      if (stream) {
        STREAM(out + c, sum);
      } else {
        STORE(out + c, sum);
      }
    }
    for (; c < channels; c++) {
      REAL sum = 0;
      for (ptrdiff_t r = 0; r < rows.count; r++) {
        for (int32_t t = begin; t < end; t++) {
          const int64_t at = rows.offset[r] + axis.source[t] * channels + c;
          int32_t taken = wide ? words[at] : bytes[at];
          if (taken == rows.number[r] + axis.number[t]) sum += dy[at];
        }
      }
      out[c] = sum;
    }
  }
}

static void FN(max_gradient_row)(const void *dy, const void *index, martlet_pool_rows rows,
                                 martlet_pool_axis axis, ptrdiff_t width, ptrdiff_t channels, int wide,
                                 int stream, void *dx) {
  stream = stream && CAN_STREAM(dx);
  if (wide) {
    FN(max_gradient_pixels)(dy, index, rows, axis, width, channels, 1, 0, dx);
  } else if (stream) {
    FN(max_gradient_pixels)(dy, index, rows, axis, width, channels, 0, 1, dx);
    // Streaming stores are not ordered with the others.
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
  } else {
    FN(max_gradient_pixels)(dy, index, rows, axis, width, channels, 0, 0, dx);
  }
}

static inline void FN(select_pixels)(const REAL *x, const void *index, martlet_pool_rows rows,
                                     martlet_pool_axis axis, ptrdiff_t width, ptrdiff_t channels,
                                     const int wide, REAL *y) {
  const uint8_t *bytes = index;
  const int32_t *words = index;
  for (ptrdiff_t o = 0; o < width; o++) {
    const int32_t begin = axis.start[o], end = axis.start[o + 1];
    ptrdiff_t c = 0;
    for (; c + LANES <= channels; c += LANES) {
      const ptrdiff_t at = o * channels + c;
      FN(numbers) wanted = wide ? __builtin_convertvector(
                                      (FN(words))(*(const FN(words_anywhere) *)(words + at)), FN(numbers))
                                : __builtin_convertvector(
                                      (FN(bytes))(*(const FN(bytes_anywhere) *)(bytes + at)), FN(numbers));
      FN(lanes) taken = 0;
      for (ptrdiff_t r = 0; r < rows.count; r++) {
        for (int32_t t = begin; t < end; t++) {
          FN(numbers) hit = wanted == (FN(numbers))(INTEGER)(rows.number[r] + axis.number[t]);
          taken = hit ? LOAD(x + rows.offset[r] + axis.source[t] * channels + c) : taken;
        }
      }
      STORE(y + at, taken);
    }
    for (; c < channels; c++) {
      const ptrdiff_t at = o * channels + c;
      const int32_t wanted = wide ? words[at] : bytes[at];
      REAL taken = 0;
      for (ptrdiff_t r = 0; r < rows.count; r++) {
        for (int32_t t = begin; t < end; t++) {
          if (wanted == rows.number[r] + axis.number[t]) {
            taken = x[rows.offset[r] + axis.source[t] * channels + c];
          }
        }
      }
      y[at] = taken;
    }
  }
}

static void FN(select_row)(const void *x, const void *index, martlet_pool_rows rows, martlet_pool_axis axis,
                           ptrdiff_t width, ptrdiff_t channels, int wide, void *y) {
  if (wide) {
    FN(select_pixels)(x, index, rows, axis, width, channels, 1, y);
  } else {
    FN(select_pixels)(x, index, rows, axis, width, channels, 0, y);
  }
}

// out[i] = Σ weight[r]·x[offset[r] + i].
static inline void FN(add_rows)(const REAL *x, martlet_pool_rows rows, ptrdiff_t count, REAL *restrict out) {
  const REAL *weight = rows.weight;
  ptrdiff_t i = 0;
  for (; i + 2 * LANES <= count; i += 2 * LANES) {
    FN(lanes) low = 0, high = 0;
    for (ptrdiff_t r = 0; r < rows.count; r++) {
      const REAL *p = x + rows.offset[r] + i;
      FN(lanes) w = (FN(lanes))weight[r];
      low = FMA(LOAD(p), w, low);
      high = FMA(LOAD(p + LANES), w, high);
    }
    STORE(out + i, low);
    STORE(out + i + LANES, high);
  }
  for (; i < count; i++) {
    REAL sum = 0;
    for (ptrdiff_t r = 0; r < rows.count; r++) sum = FMA(x[rows.offset[r] + i], weight[r], sum);
    out[i] = sum;
  }
}

static inline void FN(resample_pixels)(const REAL *source, martlet_pool_axis axis, ptrdiff_t width,
                                       ptrdiff_t channels, const int stream, REAL *restrict y) {
  const REAL *weight = axis.weight;
  for (ptrdiff_t o = 0; o < width; o++, y += channels) {
    const int32_t begin = axis.start[o], end = axis.start[o + 1];
    const REAL *a = begin < end ? source + axis.source[begin] * channels : source;
    ptrdiff_t c = 0;
    if (end - begin == 2) {
      const REAL *b = source + axis.source[begin + 1] * channels;
      const REAL wa = weight[begin], wb = weight[begin + 1];
      for (; c + LANES <= channels; c += LANES) {
        FN(lanes) sum = FMA(LOAD(b + c), (FN(lanes))wb, LOAD(a + c) * wa);
        if (stream) {
          STREAM(y + c, sum);
        } else {
          STORE(y + c, sum);
        }
      }
      for (; c < channels; c++) y[c] = FMA(b[c], wb, a[c] * wa);
      continue;
    }
    for (; c + LANES <= channels; c += LANES) {
      FN(lanes) sum = 0;
      for (int32_t t = begin; t < end; t++) {
        sum = FMA(LOAD(source + axis.source[t] * channels + c), (FN(lanes))weight[t], sum);
      }
      if (stream) {
        STREAM(y + c, sum);
      } else {
        STORE(y + c, sum);
      }
    }
    for (; c < channels; c++) {
      REAL sum = 0;
      for (int32_t t = begin; t < end; t++) {
        sum = FMA(source[axis.source[t] * channels + c], weight[t], sum);
      }
      y[c] = sum;
    }
  }
}

static void FN(resample_row)(const void *x, martlet_pool_rows rows, martlet_pool_axis axis,
                             ptrdiff_t source_width, ptrdiff_t width, ptrdiff_t channels, int stream,
                             void *scratch, void *y) {
  const REAL *source = scratch;
  if (rows.count == 1 && ((const REAL *)rows.weight)[0] == 1) {
    source = (const REAL *)x + rows.offset[0];
  } else {
    FN(add_rows)(x, rows, source_width * channels, scratch);
  }
  if (stream && CAN_STREAM(y)) {
    FN(resample_pixels)(source, axis, width, channels, 1, y);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
  } else {
    FN(resample_pixels)(source, axis, width, channels, 0, y);
  }
}

static const martlet_pool_table FN(table) = {FN(max_row), FN(max_gradient_row), FN(select_row),
                                              FN(resample_row)};

#undef LANES
#undef LOAD
#undef STORE
#undef STREAM
#undef CAN_STREAM
