// Softmax of one floating-point type and one instruction set; see elementwise_reals.h for the macros.
//
// Rows are short more often than not (classes of a pixel), so several are taken together: exponentials run over a
// block of TILE elements, whatever the length of a row.

#define TILE 1024

// Eight at a time, since one chain of comparisons or additions waits for each of them.
static inline REAL NAME(row_maximum)(const REAL *x, size_t n) {
  REAL best = x[0];
  size_t i = 1;
  if (n >= 8) {
    REAL lane[8];
    for (int l = 0; l < 8; l++) lane[l] = x[l];
    for (i = 8; i + 8 <= n; i += 8) {
      for (int l = 0; l < 8; l++) {
        const REAL v = x[i + l];
        lane[l] = ((v > lane[l]) | (v != v)) ? v : lane[l];
      }
    }
    for (int l = 0; l < 8; l++) best = ((lane[l] > best) | (lane[l] != lane[l])) ? lane[l] : best;
  }
  for (; i < n; i++) best = ((x[i] > best) | (x[i] != x[i])) ? x[i] : best;
  return best;
}

static inline double NAME(row_sum)(const REAL *x, size_t n) {
  double sum = 0;
  size_t i = 0;
  if (n >= 8) {
    double lane[8] = {0};
    for (; i + 8 <= n; i += 8) {
      for (int l = 0; l < 8; l++) lane[l] += x[i + l];
    }
    sum = ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
  }
  for (; i < n; i++) sum += x[i];
  return sum;
}

// A block of e[i] = exp(x[i]).
static void NAME(exponentials)(const REAL *x, REAL *e, size_t n) {
  VECTOR for (size_t i = 0; i < n; i++) e[i] = M_EXP(x[i]);
}

static void NAME(short_rows)(int logarithm, const REAL *x, REAL *y, size_t rows, size_t n) {
  REAL shifted[TILE], e[TILE];
  for (size_t r = 0; r < rows; r++) {
    const REAL *row = x + r * n;
    const REAL top = NAME(row_maximum)(row, n);
    for (size_t i = 0; i < n; i++) shifted[r * n + i] = row[i] - top;
  }
  NAME(exponentials)(shifted, e, rows * n);
  for (size_t r = 0; r < rows; r++) {
    const double sum = NAME(row_sum)(e + r * n, n);
    if (logarithm) {
      const REAL log_sum = M_LOG((REAL)sum);
      for (size_t i = 0; i < n; i++) y[r * n + i] = shifted[r * n + i] - log_sum;
    } else {
      const REAL factor = (REAL)(1 / sum);
      for (size_t i = 0; i < n; i++) y[r * n + i] = e[r * n + i] * factor;
    }
  }
}

static void NAME(long_row)(int logarithm, const REAL *x, REAL *y, size_t n) {
  const REAL top = NAME(row_maximum)(x, n);
  REAL e[TILE];
  double sum = 0;
  for (size_t start = 0; start < n; start += TILE) {
    const size_t count = n - start < TILE ? n - start : TILE;
    for (size_t i = 0; i < count; i++) e[i] = x[start + i] - top;
    NAME(exponentials)(e, e, count);
    sum += NAME(row_sum)(e, count);
  }
  if (logarithm) {
    const REAL log_sum = M_LOG((REAL)sum);
    VECTOR for (size_t i = 0; i < n; i++) y[i] = (x[i] - top) - log_sum;
  } else {
    const REAL factor = (REAL)(1 / sum);
    VECTOR for (size_t i = 0; i < n; i++) y[i] = M_EXP(x[i] - top) * factor;
  }
}

// The same for so few elements that vectors run across rows. `n` is a constant where this is called.
__attribute__((always_inline)) static inline void NAME(rows_of)(
    int n, int logarithm, const REAL *x, REAL *y, size_t rows) {
  VECTOR for (size_t r = 0; r < rows; r++) {
    REAL v[4], e[4];
    for (int i = 0; i < n; i++) v[i] = x[r * n + i];
    REAL top = v[0];
    for (int i = 1; i < n; i++) top = ((v[i] > top) | (v[i] != v[i])) ? v[i] : top;
    REAL sum = 0;
    for (int i = 0; i < n; i++) {
      e[i] = M_EXP(v[i] - top);
      sum += e[i];
    }
    const REAL log_sum = logarithm ? M_LOG(sum) : (REAL)0, factor = (REAL)1 / sum;
    for (int i = 0; i < n; i++) y[r * n + i] = logarithm ? (v[i] - top) - log_sum : e[i] * factor;
  }
}

static void NAME(rows)(int logarithm, const void *x_, void *y_, size_t rows, size_t n) {
  const REAL *x = x_;
  REAL *y = y_;
  switch (n * 2 + (logarithm ? 1 : 0)) {
  case 4: NAME(rows_of)(2, 0, x, y, rows); return;
  case 5: NAME(rows_of)(2, 1, x, y, rows); return;
  case 6: NAME(rows_of)(3, 0, x, y, rows); return;
  case 7: NAME(rows_of)(3, 1, x, y, rows); return;
  case 8: NAME(rows_of)(4, 0, x, y, rows); return;
  case 9: NAME(rows_of)(4, 1, x, y, rows); return;
  default: break;
  }
  if (n > TILE) {
    for (size_t r = 0; r < rows; r++) NAME(long_row)(logarithm, x + r * n, y + r * n, n);
    return;
  }
  const size_t together = TILE / n;
  for (size_t r = 0; r < rows; r += together) {
    NAME(short_rows)(logarithm, x + r * n, y + r * n, rows - r < together ? rows - r : together, n);
  }
}

#define STRIP 64

static void NAME(columns)(int logarithm, const void *x_, void *y_, size_t n, size_t stride, size_t columns) {
  for (size_t start = 0; start < columns; start += STRIP) {
    const size_t width = columns - start < STRIP ? columns - start : STRIP;
    const REAL *x = (const REAL *)x_ + start;
    REAL *y = (REAL *)y_ + start;
    REAL top[STRIP], e[STRIP];
    double sum[STRIP];
    for (size_t c = 0; c < width; c++) top[c] = x[c];
    for (size_t i = 1; i < n; i++) {
      const REAL *row = x + i * stride;
      for (size_t c = 0; c < width; c++) top[c] = ((row[c] > top[c]) | (row[c] != row[c])) ? row[c] : top[c];
    }
    for (size_t c = 0; c < width; c++) sum[c] = 0;
    for (size_t i = 0; i < n; i++) {
      const REAL *row = x + i * stride;
      VECTOR for (size_t c = 0; c < width; c++) e[c] = M_EXP(row[c] - top[c]);
      for (size_t c = 0; c < width; c++) sum[c] += e[c];
    }
    if (logarithm) {
      for (size_t c = 0; c < width; c++) e[c] = M_LOG((REAL)sum[c]);
      for (size_t i = 0; i < n; i++) {
        for (size_t c = 0; c < width; c++) y[i * stride + c] = (x[i * stride + c] - top[c]) - e[c];
      }
    } else {
      for (size_t c = 0; c < width; c++) e[c] = (REAL)(1 / sum[c]);
      for (size_t i = 0; i < n; i++) {
        const REAL *row = x + i * stride;
        VECTOR for (size_t c = 0; c < width; c++) y[i * stride + c] = M_EXP(row[c] - top[c]) * e[c];
      }
    }
  }
}

// Softmax: dx = y · (dy − Σ dy·y). Its logarithm: dx = dy − e^y · Σ dy.
static void NAME(gradient_rows)(
    int logarithm, const void *y_, const void *dy_, void *dx_, size_t rows, size_t n) {
  for (size_t r = 0; r < rows; r++) {
    const REAL *y = (const REAL *)y_ + r * n, *dy = (const REAL *)dy_ + r * n;
    REAL *dx = (REAL *)dx_ + r * n;
    double sum = 0;
    if (logarithm) {
      for (size_t i = 0; i < n; i++) sum += dy[i];
      const REAL total = (REAL)sum;
      VECTOR for (size_t i = 0; i < n; i++) dx[i] = dy[i] - M_EXP(y[i]) * total;
    } else {
      for (size_t i = 0; i < n; i++) sum += (double)dy[i] * y[i];
      const REAL total = (REAL)sum;
      VECTOR for (size_t i = 0; i < n; i++) dx[i] = y[i] * (dy[i] - total);
    }
  }
}

static void NAME(gradient_columns)(
    int logarithm, const void *y_, const void *dy_, void *dx_, size_t n, size_t stride, size_t columns) {
  for (size_t start = 0; start < columns; start += STRIP) {
    const size_t width = columns - start < STRIP ? columns - start : STRIP;
    const REAL *y = (const REAL *)y_ + start, *dy = (const REAL *)dy_ + start;
    REAL *dx = (REAL *)dx_ + start;
    double sum[STRIP];
    for (size_t c = 0; c < width; c++) sum[c] = 0;
    for (size_t i = 0; i < n; i++) {
      for (size_t c = 0; c < width; c++) {
        const double g = dy[i * stride + c];
        sum[c] += logarithm ? g : g * y[i * stride + c];
      }
    }
    for (size_t i = 0; i < n; i++) {
      const size_t row = i * stride;
      if (logarithm) {
        VECTOR for (size_t c = 0; c < width; c++) dx[row + c] = dy[row + c] - M_EXP(y[row + c]) * (REAL)sum[c];
      } else {
        VECTOR for (size_t c = 0; c < width; c++) dx[row + c] = y[row + c] * (dy[row + c] - (REAL)sum[c]);
      }
    }
  }
}

#undef STRIP

#include "softmax_losses_body.h"

#undef TILE

static const martlet_softmax_table_t NAME(table) = {
    NAME(rows),
    NAME(columns),
    NAME(gradient_rows),
    NAME(gradient_columns),
    NAME(cross_entropy),
    NAME(cross_entropy_gradient),
    NAME(binary_cross_entropy),
    NAME(binary_cross_entropy_gradient),
};
