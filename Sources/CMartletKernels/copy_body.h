// The kernels that move elements, for one instruction set. Before including: FN(name).

typedef uint32_t FN(eight) __attribute__((ext_vector_type(8)));
typedef FN(eight) FN(eight_anywhere) __attribute__((aligned(4)));
#define LOAD(p) ((FN(eight))(*(const FN(eight_anywhere) *)(p)))
#define STORE(p, v) (*(FN(eight_anywhere) *)(p) = (v))

// 32 bytes, at any address or not.
typedef uint8_t FN(aligned_chunk) __attribute__((ext_vector_type(32)));
typedef FN(aligned_chunk) FN(chunk) __attribute__((aligned(1)));

static void FN(rows)(const void *source, ptrdiff_t source_stride, void *target, ptrdiff_t target_stride,
                     ptrdiff_t rows, ptrdiff_t bytes, int stream) {
  const uint8_t *from = source;
  uint8_t *to = target;
  // A streaming store takes whole aligned lines.
  if (stream && (((size_t)to | (size_t)target_stride | (size_t)bytes) % 64) == 0) {
    for (ptrdiff_t r = 0; r < rows; r++, from += source_stride, to += target_stride) {
      for (ptrdiff_t i = 0; i < bytes; i += 32) {
        __builtin_nontemporal_store((FN(aligned_chunk))(*(const FN(chunk) *)(from + i)),
                                    (FN(aligned_chunk) *)(to + i));
      }
    }
    // Streaming stores are not ordered with the others.
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return;
  }
  for (ptrdiff_t r = 0; r < rows; r++, from += source_stride, to += target_stride) {
    if (bytes > 2048) {
      memcpy(to, from, (size_t)bytes);
      continue;
    }
    ptrdiff_t i = 0;
    for (; i + 32 <= bytes; i += 32) *(FN(chunk) *)(to + i) = *(const FN(chunk) *)(from + i);
    for (; i + 4 <= bytes; i += 4) __builtin_memcpy(to + i, from + i, 4);
    for (; i < bytes; i++) to[i] = from[i];
  }
}

// Eight rows of eight columns, by three rounds of pairwise exchanges.
static inline void FN(transpose_8x8)(const uint32_t *s, ptrdiff_t ss, uint32_t *t, ptrdiff_t ts) {
  FN(eight) r0 = LOAD(s), r1 = LOAD(s + ss), r2 = LOAD(s + 2 * ss), r3 = LOAD(s + 3 * ss);
  FN(eight) r4 = LOAD(s + 4 * ss), r5 = LOAD(s + 5 * ss), r6 = LOAD(s + 6 * ss), r7 = LOAD(s + 7 * ss);
#define LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13)
#define HIGH(a, b) __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15)
  FN(eight) a0 = LOW(r0, r1), a1 = HIGH(r0, r1), a2 = LOW(r2, r3), a3 = HIGH(r2, r3);
  FN(eight) a4 = LOW(r4, r5), a5 = HIGH(r4, r5), a6 = LOW(r6, r7), a7 = HIGH(r6, r7);
#undef LOW
#undef HIGH
#define LOW(a, b) __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13)
#define HIGH(a, b) __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15)
  FN(eight) b0 = LOW(a0, a2), b1 = HIGH(a0, a2), b2 = LOW(a1, a3), b3 = HIGH(a1, a3);
  FN(eight) b4 = LOW(a4, a6), b5 = HIGH(a4, a6), b6 = LOW(a5, a7), b7 = HIGH(a5, a7);
#undef LOW
#undef HIGH
#define LOW(a, b) __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11)
#define HIGH(a, b) __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15)
  STORE(t, LOW(b0, b4));
  STORE(t + ts, LOW(b1, b5));
  STORE(t + 2 * ts, LOW(b2, b6));
  STORE(t + 3 * ts, LOW(b3, b7));
  STORE(t + 4 * ts, HIGH(b0, b4));
  STORE(t + 5 * ts, HIGH(b1, b5));
  STORE(t + 6 * ts, HIGH(b2, b6));
  STORE(t + 7 * ts, HIGH(b3, b7));
#undef LOW
#undef HIGH
}

#define PLAIN_TRANSPOSE(type)                                                                                \
  for (ptrdiff_t r = row; r < row_end; r++) {                                                                \
    for (ptrdiff_t c = column; c < column_end; c++) {                                                        \
      ((type *)target)[c * target_stride + r] = ((const type *)source)[r * source_stride + c];               \
    }                                                                                                        \
  }

// Tiles of a whole cache line either way. Where the strides are large powers of two, lines of different rows
// fall on the same cache set: a tile is finished before they push each other out.
static inline void FN(tile)(const void *source, ptrdiff_t source_stride, void *target, ptrdiff_t target_stride,
                            ptrdiff_t row, ptrdiff_t row_end, ptrdiff_t column, ptrdiff_t column_end,
                            ptrdiff_t size) {
  if (size == 4) {
    if (row_end - row == 16 && column_end - column == 16) {
      for (ptrdiff_t c = column; c < column_end; c += 8) {
        for (ptrdiff_t r = row; r < row_end; r += 8) {
          FN(transpose_8x8)((const uint32_t *)source + r * source_stride + c, source_stride,
                            (uint32_t *)target + c * target_stride + r, target_stride);
        }
      }
      return;
    }
    PLAIN_TRANSPOSE(uint32_t)
  } else if (size == 8) {
    PLAIN_TRANSPOSE(uint64_t)
  } else {
    PLAIN_TRANSPOSE(uint8_t)
  }
}
#undef PLAIN_TRANSPOSE

static void FN(transpose)(const void *source, ptrdiff_t source_stride, void *target, ptrdiff_t target_stride,
                          ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t size) {
  const ptrdiff_t edge = 16;
  // The shorter way inside, so that what it touches stays in the cache for the next step of the longer one.
  if (rows <= columns) {
    for (ptrdiff_t c = 0; c < columns; c += edge) {
      ptrdiff_t c_end = columns - c < edge ? columns : c + edge;
      for (ptrdiff_t r = 0; r < rows; r += edge) {
        ptrdiff_t r_end = rows - r < edge ? rows : r + edge;
        FN(tile)(source, source_stride, target, target_stride, r, r_end, c, c_end, size);
      }
    }
  } else {
    for (ptrdiff_t r = 0; r < rows; r += edge) {
      ptrdiff_t r_end = rows - r < edge ? rows : r + edge;
      for (ptrdiff_t c = 0; c < columns; c += edge) {
        ptrdiff_t c_end = columns - c < edge ? columns : c + edge;
        FN(tile)(source, source_stride, target, target_stride, r, r_end, c, c_end, size);
      }
    }
  }
}

static void FN(strided)(const void *source, ptrdiff_t source_stride, void *target, ptrdiff_t target_stride,
                        ptrdiff_t count, ptrdiff_t size) {
  switch (size) {
  case 1:
    for (ptrdiff_t i = 0; i < count; i++) {
      ((uint8_t *)target)[i * target_stride] = ((const uint8_t *)source)[i * source_stride];
    }
    break;
  case 4:
    for (ptrdiff_t i = 0; i < count; i++) {
      ((uint32_t *)target)[i * target_stride] = ((const uint32_t *)source)[i * source_stride];
    }
    break;
  default:
    for (ptrdiff_t i = 0; i < count; i++) {
      ((uint64_t *)target)[i * target_stride] = ((const uint64_t *)source)[i * source_stride];
    }
  }
}

static void FN(fill)(void *target, const void *value, ptrdiff_t count, ptrdiff_t size) {
  switch (size) {
  case 1:
    memset(target, *(const uint8_t *)value, (size_t)count);
    break;
  case 4: {
    uint32_t v = *(const uint32_t *)value;
    for (ptrdiff_t i = 0; i < count; i++) ((uint32_t *)target)[i] = v;
    break;
  }
  default: {
    uint64_t v = *(const uint64_t *)value;
    for (ptrdiff_t i = 0; i < count; i++) ((uint64_t *)target)[i] = v;
  }
  }
}

static void FN(add_f32)(float *restrict target, const float *restrict source, ptrdiff_t count) {
  for (ptrdiff_t i = 0; i < count; i++) target[i] += source[i];
}

static void FN(add_f64)(double *restrict target, const double *restrict source, ptrdiff_t count) {
  for (ptrdiff_t i = 0; i < count; i++) target[i] += source[i];
}

static const martlet_copy_table FN(table) = {
    FN(rows), FN(transpose), FN(strided), FN(fill), FN(add_f32), FN(add_f64),
};

#undef LOAD
#undef STORE
