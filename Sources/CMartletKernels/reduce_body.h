// Reductions of one floating-point type and one instruction set; see elementwise_reals.h for the macros.

#define LANES 16
typedef REAL NAME(lanes) __attribute__((ext_vector_type(LANES)));
typedef double NAME(wide) __attribute__((ext_vector_type(LANES)));

// Unaligned vectors are read through memcpy, which becomes one load.
#define LOAD(v, p) __builtin_memcpy(&(v), (p), sizeof(NAME(lanes)))
#define WIDEN(v) __builtin_convertvector(v, NAME(wide))

// Always in the same order: halves, quarters, …
static inline double NAME(fold_sum)(const double *lane) {
  double s[8];
  for (int i = 0; i < 8; i++) s[i] = lane[i] + lane[i + 8];
  return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

static double NAME(sum)(const REAL *x, size_t n) {
  double total = 0;
  size_t i = 0;
  if (n >= LANES) {
    NAME(wide) a = 0, b = 0;
    for (; i + 2 * LANES <= n; i += 2 * LANES) {
      NAME(lanes) u, v;
      LOAD(u, x + i);
      LOAD(v, x + i + LANES);
      a += WIDEN(u);
      b += WIDEN(v);
    }
    a += b;
    double lane[LANES];
    __builtin_memcpy(lane, &a, sizeof lane);
    total = NAME(fold_sum)(lane);
  }
  for (; i < n; i++) total += x[i];
  return total;
}

static double NAME(sum_of_squares)(const REAL *x, size_t n) {
  double total = 0;
  size_t i = 0;
  if (n >= LANES) {
    NAME(wide) a = 0, b = 0;
    for (; i + 2 * LANES <= n; i += 2 * LANES) {
      NAME(lanes) u, v;
      LOAD(u, x + i);
      LOAD(v, x + i + LANES);
      const NAME(wide) p = WIDEN(u), q = WIDEN(v);
      a += p * p;
      b += q * q;
    }
    a += b;
    double lane[LANES];
    __builtin_memcpy(lane, &a, sizeof lane);
    total = NAME(fold_sum)(lane);
  }
  for (; i < n; i++) total += (double)x[i] * x[i];
  return total;
}

static double NAME(maximum)(const REAL *x, size_t n) {
  REAL best = x[0];
  size_t i = 0;
  if (n >= LANES) {
    REAL lane[LANES];
    for (int l = 0; l < LANES; l++) lane[l] = x[l];
    for (i = LANES; i + LANES <= n; i += LANES) {
      for (int l = 0; l < LANES; l++) {
        const REAL v = x[i + l];
        lane[l] = ((v > lane[l]) | (v != v)) ? v : lane[l];
      }
    }
    for (int l = 0; l < LANES; l++) best = ((lane[l] > best) | (lane[l] != lane[l])) ? lane[l] : best;
  }
  for (; i < n; i++) best = ((x[i] > best) | (x[i] != x[i])) ? x[i] : best;
  return best;
}

static double NAME(minimum)(const REAL *x, size_t n) {
  REAL best = x[0];
  size_t i = 0;
  if (n >= LANES) {
    REAL lane[LANES];
    for (int l = 0; l < LANES; l++) lane[l] = x[l];
    for (i = LANES; i + LANES <= n; i += LANES) {
      for (int l = 0; l < LANES; l++) {
        const REAL v = x[i + l];
        lane[l] = ((v < lane[l]) | (v != v)) ? v : lane[l];
      }
    }
    for (int l = 0; l < LANES; l++) best = ((lane[l] < best) | (lane[l] != lane[l])) ? lane[l] : best;
  }
  for (; i < n; i++) best = ((x[i] < best) | (x[i] != x[i])) ? x[i] : best;
  return best;
}

static double NAME(product)(const REAL *x, size_t n) {
  double product = 1;
  for (size_t i = 0; i < n; i++) product *= x[i];
  return product;
}

static void NAME(rows)(
    martlet_reduction reduction, const void *x_, ptrdiff_t row_stride, size_t rows, size_t n, double *out) {
  const REAL *x = x_;
  switch (reduction) {
  case MARTLET_REDUCE_SUM:
    for (size_t r = 0; r < rows; r++) out[r] = NAME(sum)(x + (ptrdiff_t)r * row_stride, n);
    break;
  case MARTLET_REDUCE_SUM_OF_SQUARES:
    for (size_t r = 0; r < rows; r++) out[r] = NAME(sum_of_squares)(x + (ptrdiff_t)r * row_stride, n);
    break;
  case MARTLET_REDUCE_MAXIMUM:
    for (size_t r = 0; r < rows; r++) out[r] = NAME(maximum)(x + (ptrdiff_t)r * row_stride, n);
    break;
  case MARTLET_REDUCE_MINIMUM:
    for (size_t r = 0; r < rows; r++) out[r] = NAME(minimum)(x + (ptrdiff_t)r * row_stride, n);
    break;
  case MARTLET_REDUCE_PRODUCT:
    for (size_t r = 0; r < rows; r++) out[r] = NAME(product)(x + (ptrdiff_t)r * row_stride, n);
    break;
  }
}

// Sums of up to 64 rows are taken in REAL, four rows at a time, before they are added in double: short enough a sum
// for its rounding to stay near one unit in the last place.
#define COLUMN_SUM_BLOCK 64

static void NAME(sum_columns)(
    const REAL *x, ptrdiff_t row_stride, size_t rows, size_t columns, int squares, double *out) {
  for (size_t c = 0; c < columns; c++) out[c] = 0;
  for (size_t start = 0; start < rows; start += COLUMN_SUM_BLOCK) {
    const size_t end = rows - start < COLUMN_SUM_BLOCK ? rows : start + COLUMN_SUM_BLOCK;
    size_t c = 0;
    for (; c + LANES <= columns; c += LANES) {
      NAME(lanes) part[4] = {0, 0, 0, 0};
      size_t r = start;
      const REAL *p = x + (ptrdiff_t)start * row_stride + c;
      for (; r + 4 <= end; r += 4, p += 4 * row_stride) {
        for (int k = 0; k < 4; k++) {
          NAME(lanes) v;
          LOAD(v, p + k * row_stride);
          part[k] += squares ? v * v : v;
        }
      }
      for (; r < end; r++, p += row_stride) {
        NAME(lanes) v;
        LOAD(v, p);
        part[0] += squares ? v * v : v;
      }
      const NAME(wide) sum = WIDEN((part[0] + part[1]) + (part[2] + part[3]));
      for (int l = 0; l < LANES; l++) out[c + l] += sum[l];
    }
    for (; c < columns; c++) {
      double sum = 0;
      for (size_t r = start; r < end; r++) {
        const double v = x[(ptrdiff_t)r * row_stride + (ptrdiff_t)c];
        sum += squares ? v * v : v;
      }
      out[c] += sum;
    }
  }
}

static void NAME(extreme_columns)(
    const REAL *x, ptrdiff_t row_stride, size_t rows, size_t columns, int smallest, double *out) {
  for (size_t start = 0; start < columns; start += LANES) {
    const size_t width = columns - start < LANES ? columns - start : LANES;
    REAL best[LANES];
    for (size_t c = 0; c < width; c++) best[c] = x[start + c];
    for (size_t r = 1; r < rows; r++) {
      const REAL *p = x + (ptrdiff_t)r * row_stride + start;
      if (smallest) {
        for (size_t c = 0; c < width; c++) best[c] = ((p[c] < best[c]) | (p[c] != p[c])) ? p[c] : best[c];
      } else {
        for (size_t c = 0; c < width; c++) best[c] = ((p[c] > best[c]) | (p[c] != p[c])) ? p[c] : best[c];
      }
    }
    for (size_t c = 0; c < width; c++) out[start + c] = best[c];
  }
}

static void NAME(product_columns)(
    const REAL *x, ptrdiff_t row_stride, size_t rows, size_t columns, double *out) {
  for (size_t c = 0; c < columns; c++) out[c] = x[c];
  for (size_t r = 1; r < rows; r++) {
    const REAL *p = x + (ptrdiff_t)r * row_stride;
    for (size_t c = 0; c < columns; c++) out[c] *= p[c];
  }
}

static void NAME(columns_as_they_are)(
    martlet_reduction reduction, const REAL *x, ptrdiff_t row_stride, size_t rows, size_t columns, double *out) {
  switch (reduction) {
  case MARTLET_REDUCE_SUM: NAME(sum_columns)(x, row_stride, rows, columns, 0, out); break;
  case MARTLET_REDUCE_SUM_OF_SQUARES: NAME(sum_columns)(x, row_stride, rows, columns, 1, out); break;
  case MARTLET_REDUCE_MAXIMUM: NAME(extreme_columns)(x, row_stride, rows, columns, 0, out); break;
  case MARTLET_REDUCE_MINIMUM: NAME(extreme_columns)(x, row_stride, rows, columns, 1, out); break;
  case MARTLET_REDUCE_PRODUCT: NAME(product_columns)(x, row_stride, rows, columns, out); break;
  }
}

static void NAME(columns)(
    martlet_reduction reduction, const void *x_, ptrdiff_t row_stride, size_t rows, size_t columns, double *out) {
  const REAL *x = x_;
  if (columns >= LANES || row_stride != (ptrdiff_t)columns || rows < 2 * LANES) {
    NAME(columns_as_they_are)(reduction, x, row_stride, rows, columns, out);
    return;
  }
  // Few columns without gaps: take 16 rows as one wide row, then fold its 16 parts.
  double wide[LANES * LANES];
  const size_t groups = rows / LANES;
  const size_t width = LANES * columns;
  NAME(columns_as_they_are)(reduction, x, (ptrdiff_t)width, groups, width, wide);
  for (size_t part = 1; part < LANES; part++) martlet_reduce_merge(reduction, wide, wide + part * columns, columns);
  for (size_t c = 0; c < columns; c++) out[c] = wide[c];
  const size_t done = groups * LANES;
  if (done < rows) {
    NAME(columns_as_they_are)(reduction, x + done * columns, row_stride, rows - done, columns, wide);
    martlet_reduce_merge(reduction, out, wide, columns);
  }
}

static void NAME(index_rows)(
    int smallest, const void *x_, ptrdiff_t row_stride, size_t rows, ptrdiff_t stride, size_t n, int64_t *out) {
  const REAL *x = x_;
  for (size_t r = 0; r < rows; r++) {
    const REAL *p = x + (ptrdiff_t)r * row_stride;
    REAL best = p[0];
    int64_t index = 0;
    for (size_t i = 1; i < n; i++) {
      const REAL v = p[(ptrdiff_t)i * stride];
      const int beyond = smallest ? v < best : v > best;
      // The first that is not a number wins.
      const int replaces = (beyond | (v != v)) & (best == best);
      best = replaces ? v : best;
      index = replaces ? (int64_t)i : index;
    }
    out[r] = index;
  }
}

#undef COLUMN_SUM_BLOCK
#undef LANES
#undef LOAD
#undef WIDEN

static const martlet_reduce_table_t NAME(table) = {NAME(rows), NAME(columns), NAME(index_rows)};
