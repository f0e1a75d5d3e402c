// Scores of one head, for one floating-point type and one instruction set; see elementwise_reals.h for the macros.
//
// Sums over queries run down the columns of a strip, row after row, so that every access is along a row.

#define STRIP 256

static inline size_t NAME(seen)(const martlet_scores *scores, size_t query) {
  return scores->causal && query + 1 < scores->visible ? query + 1 : scores->visible;
}

static inline REAL NAME(maximum)(const REAL *x, size_t n) {
  enum { lanes = 16 };
  REAL best = x[0];
  size_t i = 0;
  if (n >= lanes) {
    REAL lane[lanes];
    for (int l = 0; l < lanes; l++) lane[l] = x[l];
    for (i = lanes; i + lanes <= n; i += lanes)
      for (int l = 0; l < lanes; l++) lane[l] = x[i + l] > lane[l] ? x[i + l] : lane[l];
    for (int l = 0; l < lanes; l++) best = lane[l] > best ? lane[l] : best;
  }
  for (; i < n; i++) best = x[i] > best ? x[i] : best;
  return best;
}

// Partial sums in a fixed order, whatever the width of a vector.
static inline REAL NAME(product_sum)(const REAL *x, const REAL *y, size_t n) {
  enum { lanes = 16 };
  REAL lane[lanes] = {0};
  size_t i = 0;
  for (; i + lanes <= n; i += lanes)
    for (int l = 0; l < lanes; l++) lane[l] += y ? x[i + l] * y[i + l] : x[i + l];
  REAL sum = 0;
  for (; i < n; i++) sum += y ? x[i] * y[i] : x[i];
  for (int half = lanes / 2; half > 0; half /= 2)
    for (int l = 0; l < half; l++) lane[l] += lane[l + half];
  return sum + lane[0];
}

static void NAME(normalize_by_query)(const martlet_scores *scores, void *x_, void *log_sums) {
  const REAL scale = (REAL)scores->scale;
  for (size_t i = 0; i < scores->queries; i++) {
    REAL *x = (REAL *)x_ + i * scores->keys;
    const size_t n = NAME(seen)(scores, i);
    if (n == 0) {
      for (size_t j = 0; j < scores->keys; j++) x[j] = 0;
      ((REAL *)log_sums)[i] = -(REAL)INFINITY;
      continue;
    }
    VECTOR for (size_t j = 0; j < n; j++) x[j] *= scale;
    const REAL top = NAME(maximum)(x, n);
    VECTOR for (size_t j = 0; j < n; j++) x[j] = M_EXP(x[j] - top);
    const REAL sum = NAME(product_sum)(x, 0, n), factor = 1 / sum;
    VECTOR for (size_t j = 0; j < n; j++) x[j] *= factor;
    for (size_t j = n; j < scores->keys; j++) x[j] = 0;
    ((REAL *)log_sums)[i] = top + M_LOG(sum);
  }
}

static void NAME(normalize_by_key)(const martlet_scores *scores, void *x_, void *log_sums) {
  const REAL scale = (REAL)scores->scale;
  const size_t keys = scores->keys, queries = scores->queries;
  for (size_t start = 0; start < keys; start += STRIP) {
    const size_t n = keys - start < STRIP ? keys - start : STRIP;
    REAL *x = (REAL *)x_ + start, *logs = (REAL *)log_sums + start;
    REAL top[STRIP], sum[STRIP];
    for (size_t j = 0; j < n; j++) {
      top[j] = -(REAL)INFINITY;
      sum[j] = 0;
    }
    for (size_t i = 0; i < queries; i++) {
      const REAL *row = x + i * keys;
      VECTOR for (size_t j = 0; j < n; j++) {
        const REAL v = scale * row[j];
        top[j] = v > top[j] ? v : top[j];
      }
    }
    for (size_t i = 0; i < queries; i++) {
      REAL *row = x + i * keys;
      VECTOR for (size_t j = 0; j < n; j++) {
        const REAL e = M_EXP(scale * row[j] - top[j]);
        row[j] = e;
        sum[j] += e;
      }
    }
    for (size_t j = 0; j < n; j++) {
      logs[j] = top[j] + M_LOG(sum[j]);
      sum[j] = 1 / sum[j];
    }
    for (size_t i = 0; i < queries; i++) {
      REAL *row = x + i * keys;
      VECTOR for (size_t j = 0; j < n; j++) row[j] *= sum[j];
    }
  }
}

static void NAME(weigh_by_query)(const martlet_scores *scores, void *x_, const void *log_sums) {
  const REAL scale = (REAL)scores->scale;
  for (size_t i = 0; i < scores->queries; i++) {
    REAL *x = (REAL *)x_ + i * scores->keys;
    const size_t n = NAME(seen)(scores, i);
    const REAL log_sum = ((const REAL *)log_sums)[i];
    VECTOR for (size_t j = 0; j < n; j++) x[j] = M_EXP(scale * x[j] - log_sum);
    for (size_t j = n; j < scores->keys; j++) x[j] = 0;
  }
}

static void NAME(weigh_by_key)(const martlet_scores *scores, void *x_, const void *log_sums_) {
  const REAL scale = (REAL)scores->scale, *log_sums = log_sums_;
  for (size_t i = 0; i < scores->queries; i++) {
    REAL *x = (REAL *)x_ + i * scores->keys;
    VECTOR for (size_t j = 0; j < scores->keys; j++) x[j] = M_EXP(scale * x[j] - log_sums[j]);
  }
}

static void NAME(shift_by_query)(const martlet_scores *scores, const void *p, const void *dp, void *shifts) {
  for (size_t i = 0; i < scores->queries; i++) {
    const size_t row = i * scores->keys;
    ((REAL *)shifts)[i] = -NAME(product_sum)((const REAL *)p + row, (const REAL *)dp + row, NAME(seen)(scores, i));
  }
}

static void NAME(shift_by_key)(const martlet_scores *scores, const void *p_, const void *dp_, void *shifts_) {
  REAL *shifts = shifts_;
  for (size_t j = 0; j < scores->keys; j++) shifts[j] = 0;
  for (size_t i = 0; i < scores->queries; i++) {
    const REAL *p = (const REAL *)p_ + i * scores->keys, *dp = (const REAL *)dp_ + i * scores->keys;
    VECTOR for (size_t j = 0; j < scores->keys; j++) shifts[j] -= p[j] * dp[j];
  }
}

static void NAME(slope_by_query)(const martlet_scores *scores, void *p_, void *dp_, const void *shifts) {
  const REAL scale = (REAL)scores->scale;
  for (size_t i = 0; i < scores->queries; i++) {
    REAL *p = (REAL *)p_ + i * scores->keys, *dp = dp_ ? (REAL *)dp_ + i * scores->keys : 0;
    const REAL shift = ((const REAL *)shifts)[i];
    // What is not seen weighs nothing, so its slope is zero.
    if (dp) {
      VECTOR for (size_t j = 0; j < scores->keys; j++) dp[j] = scale * p[j] * (dp[j] + shift);
    } else {
      VECTOR for (size_t j = 0; j < scores->keys; j++) p[j] = scale * p[j] * shift;
    }
  }
}

static void NAME(slope_by_key)(const martlet_scores *scores, void *p_, void *dp_, const void *shifts_) {
  const REAL scale = (REAL)scores->scale, *shifts = shifts_;
  for (size_t i = 0; i < scores->queries; i++) {
    REAL *p = (REAL *)p_ + i * scores->keys, *dp = dp_ ? (REAL *)dp_ + i * scores->keys : 0;
    if (dp) {
      VECTOR for (size_t j = 0; j < scores->keys; j++) dp[j] = scale * p[j] * (dp[j] + shifts[j]);
    } else {
      VECTOR for (size_t j = 0; j < scores->keys; j++) p[j] = scale * p[j] * shifts[j];
    }
  }
}

#undef STRIP

static const martlet_attention_table_t NAME(table) = {
    NAME(normalize_by_query), NAME(normalize_by_key), NAME(weigh_by_query), NAME(weigh_by_key),
    NAME(shift_by_query),     NAME(shift_by_key),     NAME(slope_by_query), NAME(slope_by_key),
};
