// Cross-entropy of one floating-point type and one instruction set, with softmax_body.h's exponentials and TILE.
//
// With target t, smoothing ε, class weights w and log-probabilities p, a row's loss is PyTorch's
//   −(1 − ε) · w[t] · p[t] − ε / classes · Σ w[j] · p[j],
// and zero where the target is the ignored one.
//
// log Σ exp is near the largest logit, and what is left of a logit beside it is small: it is kept in float64, so that
// large logits leave the digits of the difference.

// Rows of more classes than this are taken one at a time, in several tiles.
static void NAME(log_sums_of_rows)(const REAL *logits, size_t rows, size_t classes, double *log_sums) {
  REAL e[TILE];
  for (size_t r = 0; r < rows; r++) {
    const REAL *row = logits + r * classes;
    const REAL top = NAME(row_maximum)(row, classes);
    double sum = 0;
    for (size_t start = 0; start < classes; start += TILE) {
      const size_t count = classes - start < TILE ? classes - start : TILE;
      for (size_t i = 0; i < count; i++) e[i] = row[start + i] - top;
      NAME(exponentials)(e, e, count);
      sum += NAME(row_sum)(e, count);
    }
    log_sums[r] = (double)top + M_LOG((REAL)sum);
  }
}

// log Σ exp with vectors across rows. `n` is a constant where this is called.
__attribute__((always_inline)) static inline void NAME(log_sums_of)(
    int n, const REAL *logits, size_t rows, double *log_sums) {
  VECTOR for (size_t r = 0; r < rows; r++) {
    const REAL *v = logits + r * n;
    REAL top = v[0];
    for (int i = 1; i < n; i++) top = ((v[i] > top) | (v[i] != v[i])) ? v[i] : top;
    REAL sum = 0;
    for (int i = 0; i < n; i++) sum += M_EXP(v[i] - top);
    log_sums[r] = (double)top + M_LOG(sum);
  }
}

// log Σ exp of rows that together fit a tile.
static void NAME(log_sums_of_tile)(const REAL *logits, size_t rows, size_t classes, double *log_sums) {
  REAL e[TILE], top[TILE], sum[TILE];
  if (classes == 2) {
    // Vectors across rows: the larger of two, and log(1 + e^−|difference|).
    VECTOR for (size_t r = 0; r < rows; r++) {
      const REAL a = logits[2 * r], b = logits[2 * r + 1];
      const REAL difference = a > b ? b - a : a - b;
      log_sums[r] = (double)(a > b ? a : b) + M_LOG1P_UNIT(M_EXP(difference));
    }
    return;
  }
  if (classes == 3) {
    NAME(log_sums_of)(3, logits, rows, log_sums);
    return;
  }
  if (classes == 4) {
    NAME(log_sums_of)(4, logits, rows, log_sums);
    return;
  }
  for (size_t r = 0; r < rows; r++) {
    const REAL *row = logits + r * classes;
    top[r] = NAME(row_maximum)(row, classes);
    for (size_t i = 0; i < classes; i++) e[r * classes + i] = row[i] - top[r];
  }
  NAME(exponentials)(e, e, rows * classes);
  for (size_t r = 0; r < rows; r++) {
    sum[r] = (REAL)NAME(row_sum)(e + r * classes, classes);
  }
  VECTOR for (size_t r = 0; r < rows; r++) log_sums[r] = (double)top[r] + M_LOG(sum[r]);
}

static inline int64_t NAME(target)(const martlet_cross_entropy *c, size_t row) {
  switch (c->target_scalar) {
  case MARTLET_I64: return ((const int64_t *)c->targets)[row];
  case MARTLET_I32: return ((const int32_t *)c->targets)[row];
  default: return ((const uint8_t *)c->targets)[row];
  }
}

static size_t NAME(cross_entropy)(
    const martlet_cross_entropy *c, const void *logits_, size_t first, size_t end, void *losses_, double *log_sums,
    double *sums) {
  const REAL *logits = logits_, *weights = c->weights;
  REAL *losses = losses_;
  const size_t classes = c->classes;
  const size_t together = classes > TILE ? 1 : TILE / classes;
  const double sharp = 1 - c->smoothing, smooth = c->smoothing / (double)classes;
  double loss_sum = 0, weight_sum = 0;
  for (size_t start = first; start < end; start += together) {
    const size_t rows = end - start < together ? end - start : together;
    if (classes > TILE) {
      NAME(log_sums_of_rows)(logits + start * classes, rows, classes, log_sums + start);
    } else {
      NAME(log_sums_of_tile)(logits + start * classes, rows, classes, log_sums + start);
    }
    for (size_t r = start; r < start + rows; r++) {
      const int64_t target = NAME(target)(c, r);
      double loss = 0;
      if (target != c->ignored) {
        if (target < 0 || target >= (int64_t)classes) return r;
        const REAL *row = logits + r * classes;
        const double log_sum = log_sums[r];
        const double weight = weights ? weights[target] : 1;
        loss = sharp * weight * (log_sum - row[target]);
        if (smooth != 0) {
          double all = 0;
          for (size_t j = 0; j < classes; j++) all += (weights ? weights[j] : (REAL)1) * (log_sum - row[j]);
          loss += smooth * all;
        }
        weight_sum += weight;
      }
      loss_sum += loss;
      if (losses) losses[r] = (REAL)loss;
    }
  }
  sums[0] = loss_sum;
  sums[1] = weight_sum;
  return end;
}

// d loss / d logit[j] = softmax[j] · ((1 − ε) · w[t] + ε / classes · Σ w) − (1 − ε) · w[t] · [j = t] − ε / classes · w[j]
static void NAME(cross_entropy_gradient)(
    const martlet_cross_entropy *c, const void *logits_, const double *log_sums, size_t first, size_t end,
    const void *dy_, double scale, void *dx_) {
  const REAL *logits = logits_, *dy = dy_, *weights = c->weights;
  REAL *dx = dx_;
  const size_t classes = c->classes;
  const double sharp = 1 - c->smoothing, smooth = c->smoothing / (double)classes;
  const size_t together = classes > TILE ? 1 : TILE / classes;
  for (size_t start = first; start < end; start += together) {
    const size_t rows = end - start < together ? end - start : together;
    for (size_t r = start; r < start + rows; r++) {
      for (size_t j = 0; j < classes; j++) dx[r * classes + j] = (REAL)(logits[r * classes + j] - log_sums[r]);
    }
    NAME(exponentials)(dx + start * classes, dx + start * classes, rows * classes);
    for (size_t r = start; r < start + rows; r++) {
      const int64_t target = NAME(target)(c, r);
      REAL *row = dx + r * classes;
      if (target == c->ignored || target < 0 || target >= (int64_t)classes) {
        for (size_t j = 0; j < classes; j++) row[j] = 0;
        continue;
      }
      const double g = scale * (dy ? dy[r] : 1);
      const double weight = weights ? weights[target] : 1;
      const REAL factor = (REAL)(g * (sharp * weight + smooth * c->weight_sum));
      for (size_t j = 0; j < classes; j++) row[j] *= factor;
      row[target] -= (REAL)(g * sharp * weight);
      if (smooth != 0) {
        for (size_t j = 0; j < classes; j++) row[j] -= (REAL)(g * smooth) * (weights ? weights[j] : (REAL)1);
      }
    }
  }
}

static double NAME(binary_cross_entropy)(
    const void *x_, const void *t_, const void *w_, const void *p_, size_t n, void *losses_) {
  REAL *losses = losses_;
  REAL ones[TILE];
  for (size_t i = 0; i < TILE; i++) ones[i] = 1;
  double total = 0;
  for (size_t start = 0; start < n; start += TILE) {
    const size_t count = n - start < TILE ? n - start : TILE;
    const REAL *x = (const REAL *)x_ + start, *t = (const REAL *)t_ + start;
    const REAL *w = w_ ? (const REAL *)w_ + start : ones, *p = p_ ? (const REAL *)p_ + start : ones;
    REAL loss[TILE];
    VECTOR for (size_t i = 0; i < count; i++) {
      const REAL v = x[i], magnitude = M_ABS(v);
      // log(1 + e^−v) without overflow.
      const REAL soft = M_LOG1P_UNIT(M_EXP(-magnitude)) + (v < 0 ? magnitude : (REAL)0);
      loss[i] = (((REAL)1 - t[i]) * v + ((REAL)1 + (p[i] - (REAL)1) * t[i]) * soft) * w[i];
    }
    total += NAME(row_sum)(loss, count);
    if (losses) {
      for (size_t i = 0; i < count; i++) losses[start + i] = loss[i];
    }
  }
  return total;
}

static void NAME(binary_cross_entropy_gradient)(
    const void *x_, const void *t_, const void *w_, const void *p_, size_t n, const void *dy_, double scale,
    void *dx_) {
  const REAL factor = (REAL)scale;
  REAL ones[TILE];
  for (size_t i = 0; i < TILE; i++) ones[i] = 1;
  for (size_t start = 0; start < n; start += TILE) {
    const size_t count = n - start < TILE ? n - start : TILE;
    const REAL *x = (const REAL *)x_ + start, *t = (const REAL *)t_ + start;
    const REAL *w = w_ ? (const REAL *)w_ + start : ones, *p = p_ ? (const REAL *)p_ + start : ones;
    const REAL *dy = dy_ ? (const REAL *)dy_ + start : ones;
    REAL *dx = (REAL *)dx_ + start;
    VECTOR for (size_t i = 0; i < count; i++) {
      // 1 − sigmoid(x) as sigmoid(−x): no cancellation where the prediction is sure.
      const REAL slope = ((REAL)1 - t[i]) - ((REAL)1 + (p[i] - (REAL)1) * t[i]) * M_SIGMOID(-x[i]);
      dx[i] = slope * factor * w[i] * dy[i];
    }
  }
}
