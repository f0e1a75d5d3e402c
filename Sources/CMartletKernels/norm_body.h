// The normalisation kernels for one instruction set and one floating-point type.
//
// Before including: REAL, REAL_SQRT, FN(name) and FMA(a, b, c). Loops run over neighbouring channels with nothing
// carried between them, so the compiler vectorises them with the set in force.

// 16 floats or 8 doubles, and one load or store of them at any address.
typedef REAL FN(lanes) __attribute__((ext_vector_type(64 / sizeof(REAL))));
typedef FN(lanes) FN(lanes_anywhere) __attribute__((aligned(__alignof__(REAL))));
#define LANES ((ptrdiff_t)(64 / sizeof(REAL)))
#define LOAD(p) ((FN(lanes))(*(const FN(lanes_anywhere) *)(p)))
#define STORE(p, v) (*(FN(lanes_anywhere) *)(p) = (v))

// Rows whose sums are kept in REAL before they go to double: few enough for accuracy and for the second reading
// to hit the cache, enough that the doubles cost little.
static inline ptrdiff_t FN(block_rows)(ptrdiff_t channels) {
  ptrdiff_t rows = 6144 / channels;
  return rows < 16 ? 16 : rows > 256 ? 256 : rows;
}

static inline REAL FN(affine)(REAL centred, REAL scale, REAL shift) { return FMA(centred, scale, shift); }

static void FN(moments)(const void *xv, ptrdiff_t rows, ptrdiff_t channels, double *restrict mean,
                        double *restrict deviations, void *scratch) {
  const REAL *restrict x = xv;
  REAL *restrict sum = scratch;
  REAL *restrict rest = sum + channels;
  REAL *restrict square = rest + channels;
  for (ptrdiff_t c = 0; c < channels; c++) mean[c] = deviations[c] = 0;
  ptrdiff_t block = FN(block_rows)(channels);
  for (ptrdiff_t begin = 0; begin < rows; begin += block) {
    ptrdiff_t n = rows - begin < block ? rows - begin : block;
    const REAL *restrict p = x + begin * channels;
    for (ptrdiff_t c = 0; c < channels; c++) sum[c] = rest[c] = square[c] = 0;
    ptrdiff_t r = 0;
    for (; r + 4 <= n; r += 4) {
      const REAL *restrict q = p + r * channels;
      for (ptrdiff_t c = 0; c < channels; c++) {
        sum[c] += (q[c] + q[c + channels]) + (q[c + 2 * channels] + q[c + 3 * channels]);
      }
    }
    for (; r < n; r++) {
      for (ptrdiff_t c = 0; c < channels; c++) sum[c] += p[r * channels + c];
    }
    for (ptrdiff_t c = 0; c < channels; c++) sum[c] /= (REAL)n;
    r = 0;
    for (; r + 4 <= n; r += 4) {
      const REAL *restrict q = p + r * channels;
      for (ptrdiff_t c = 0; c < channels; c++) {
        REAL m = sum[c];
        REAL d0 = q[c] - m, d1 = q[c + channels] - m;
        REAL d2 = q[c + 2 * channels] - m, d3 = q[c + 3 * channels] - m;
        rest[c] += (d0 + d1) + (d2 + d3);
        square[c] += FMA(d0, d0, d1 * d1) + FMA(d2, d2, d3 * d3);
      }
    }
    for (; r < n; r++) {
      for (ptrdiff_t c = 0; c < channels; c++) {
        REAL d = p[r * channels + c] - sum[c];
        rest[c] += d;
        square[c] += d * d;
      }
    }
    // What the deviations leave over is the rounding of the block's mean; with it, two sets' moments make those of
    // their union (Chan, Golub and LeVeque, "Algorithms for computing the sample variance", 1983).
    double share = (double)n / (double)(begin + n);
    double cross = (double)begin * share;
    for (ptrdiff_t c = 0; c < channels; c++) {
      double missed = (double)rest[c] / (double)n;
      double delta = (double)sum[c] + missed - mean[c];
      mean[c] += delta * share;
      deviations[c] += (double)square[c] - missed * (double)rest[c] + delta * delta * cross;
    }
  }
}

static void FN(statistics)(const double *mean, const double *deviations, double count, double epsilon,
                           ptrdiff_t channels, void *mean_out, void *variance_out, void *inverse_deviation) {
  REAL *m = mean_out, *v = variance_out, *s = inverse_deviation;
  for (ptrdiff_t c = 0; c < channels; c++) {
    double variance = deviations[c] / (count > 0 ? count : 1);
    m[c] = (REAL)mean[c];
    v[c] = (REAL)variance;
    s[c] = (REAL)(1 / sqrt(variance + epsilon));
  }
}

static void FN(inverse_deviations)(const void *variance, double epsilon, ptrdiff_t channels, void *out) {
  const REAL *v = variance;
  REAL *s = out;
  for (ptrdiff_t c = 0; c < channels; c++) s[c] = (REAL)(1 / sqrt((double)v[c] + epsilon));
}

static void FN(update_running)(void *running_mean, void *running_variance, const void *mean,
                               const void *variance, double momentum, double correction, ptrdiff_t channels) {
  REAL *restrict rm = running_mean, *restrict rv = running_variance;
  const REAL *m = mean, *v = variance;
  for (ptrdiff_t c = 0; c < channels; c++) {
    rm[c] = (REAL)((1 - momentum) * (double)rm[c] + momentum * (double)m[c]);
    rv[c] = (REAL)((1 - momentum) * (double)rv[c] + momentum * correction * (double)v[c]);
  }
}

static void FN(repeat)(const void *a, const void *b, ptrdiff_t channels, ptrdiff_t repeats, void *out) {
  const REAL *p = a, *q = b;
  REAL *o = out;
  for (ptrdiff_t r = 0; r < repeats; r++) {
    for (ptrdiff_t c = 0; c < channels; c++) o[r * channels + c] = q ? p[c] * q[c] : p[c];
  }
}

static void FN(narrow)(const double *in, ptrdiff_t channels, void *out) {
  REAL *o = out;
  for (ptrdiff_t c = 0; c < channels; c++) o[c] = (REAL)in[c];
}

static void FN(widen)(const void *in, ptrdiff_t channels, double *out) {
  const REAL *p = in;
  for (ptrdiff_t c = 0; c < channels; c++) out[c] = (double)p[c];
}

// NaN passes through the comparison, as in PyTorch.
static inline void FN(apply_rows)(const REAL *restrict x, ptrdiff_t rows, ptrdiff_t channels,
                                  const REAL *restrict mean, const REAL *restrict scale,
                                  const REAL *restrict shift, const int relu, const int stream,
                                  REAL *restrict y) {
  for (ptrdiff_t r = 0; r < rows; r++, x += channels, y += channels) {
    ptrdiff_t c = 0;
    if (stream) {
      for (; c + LANES <= channels; c += LANES) {
        FN(lanes) v = FMA(LOAD(x + c) - LOAD(mean + c), LOAD(scale + c), LOAD(shift + c));
        if (relu) v = v < 0 ? (FN(lanes))0 : v;
        __builtin_nontemporal_store(v, (FN(lanes) *)(y + c));
      }
    }
    for (; c < channels; c++) {
      REAL v = FN(affine)(x[c] - mean[c], scale[c], shift[c]);
      y[c] = relu && v < 0 ? 0 : v;
    }
  }
}

static void FN(apply)(const void *x, ptrdiff_t rows, ptrdiff_t channels, const void *mean, const void *scale,
                      const void *shift, int relu, int stream, void *y) {
  // A streaming store takes whole aligned vectors.
  stream = stream && channels % LANES == 0 && (size_t)y % 64 == 0;
  if (relu && stream) {
    FN(apply_rows)(x, rows, channels, mean, scale, shift, 1, 1, y);
  } else if (relu) {
    FN(apply_rows)(x, rows, channels, mean, scale, shift, 1, 0, y);
  } else if (stream) {
    FN(apply_rows)(x, rows, channels, mean, scale, shift, 0, 1, y);
  } else {
    FN(apply_rows)(x, rows, channels, mean, scale, shift, 0, 0, y);
  }
  // Streaming stores are not ordered with the others.
  if (stream) __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static inline void FN(sums_rows)(const REAL *restrict x, const REAL *restrict dy, ptrdiff_t rows,
                                 ptrdiff_t channels, const REAL *restrict mean, const REAL *restrict scale,
                                 const REAL *restrict shift, const int relu, REAL *restrict sum,
                                 REAL *restrict product) {
  ptrdiff_t r = 0;
  for (; r + 2 <= rows; r += 2, x += 2 * channels, dy += 2 * channels) {
    for (ptrdiff_t c = 0; c < channels; c++) {
      REAL x0 = x[c] - mean[c], x1 = x[c + channels] - mean[c];
      REAL g0 = dy[c], g1 = dy[c + channels];
      if (relu) {
        g0 = FN(affine)(x0, scale[c], shift[c]) <= 0 ? 0 : g0;
        g1 = FN(affine)(x1, scale[c], shift[c]) <= 0 ? 0 : g1;
      }
      sum[c] += g0 + g1;
      product[c] += FMA(g0, x0, g1 * x1);
    }
  }
  for (; r < rows; r++, x += channels, dy += channels) {
    for (ptrdiff_t c = 0; c < channels; c++) {
      REAL x0 = x[c] - mean[c];
      REAL g0 = dy[c];
      if (relu) g0 = FN(affine)(x0, scale[c], shift[c]) <= 0 ? 0 : g0;
      sum[c] += g0;
      product[c] += g0 * x0;
    }
  }
}

static void FN(gradient_sums)(const void *xv, const void *dyv, ptrdiff_t rows, ptrdiff_t channels,
                              const void *mean, const void *scale, const void *shift, int relu,
                              double *restrict sums, double *restrict products, void *scratch) {
  const REAL *x = xv, *dy = dyv;
  REAL *restrict sum = scratch;
  REAL *restrict product = sum + channels;
  ptrdiff_t block = FN(block_rows)(channels);
  for (ptrdiff_t begin = 0; begin < rows; begin += block) {
    ptrdiff_t n = rows - begin < block ? rows - begin : block;
    for (ptrdiff_t c = 0; c < channels; c++) sum[c] = product[c] = 0;
    const REAL *p = x + begin * channels, *g = dy + begin * channels;
    if (relu) {
      FN(sums_rows)(p, g, n, channels, mean, scale, shift, 1, sum, product);
    } else {
      FN(sums_rows)(p, g, n, channels, mean, scale, shift, 0, sum, product);
    }
    for (ptrdiff_t c = 0; c < channels; c++) {
      sums[c] += (double)sum[c];
      products[c] += (double)product[c];
    }
  }
}

static inline void FN(gradient_rows)(const REAL *restrict x, const REAL *restrict dy, ptrdiff_t rows,
                                     ptrdiff_t channels, const REAL *restrict mean,
                                     const REAL *restrict scale, const REAL *restrict shift, const int relu,
                                     const REAL *restrict offset, const REAL *restrict slope,
                                     const int stream, REAL *restrict dx) {
  for (ptrdiff_t r = 0; r < rows; r++, x += channels, dy += channels, dx += channels) {
    ptrdiff_t c = 0;
    if (stream) {
      for (; c + LANES <= channels; c += LANES) {
        FN(lanes) centred = LOAD(x + c) - LOAD(mean + c);
        FN(lanes) k = LOAD(scale + c);
        FN(lanes) g = LOAD(dy + c);
        if (relu) g = FMA(centred, k, LOAD(shift + c)) <= 0 ? (FN(lanes))0 : g;
        __builtin_nontemporal_store(FMA(g, k, -FMA(centred, LOAD(slope + c), LOAD(offset + c))),
                                    (FN(lanes) *)(dx + c));
      }
    }
    for (; c < channels; c++) {
      REAL centred = x[c] - mean[c];
      REAL g = dy[c];
      if (relu) g = FN(affine)(centred, scale[c], shift[c]) <= 0 ? 0 : g;
      dx[c] = FMA(g, scale[c], -FMA(centred, slope[c], offset[c]));
    }
  }
}

static void FN(gradient_input)(const void *x, const void *dy, ptrdiff_t rows, ptrdiff_t channels,
                               const void *mean, const void *scale, const void *shift, int relu,
                               const void *offset, const void *slope, int stream, void *dx) {
  stream = stream && channels % LANES == 0 && (size_t)dx % 64 == 0;
  if (relu && stream) {
    FN(gradient_rows)(x, dy, rows, channels, mean, scale, shift, 1, offset, slope, 1, dx);
  } else if (relu) {
    FN(gradient_rows)(x, dy, rows, channels, mean, scale, shift, 1, offset, slope, 0, dx);
  } else if (stream) {
    FN(gradient_rows)(x, dy, rows, channels, mean, scale, shift, 0, offset, slope, 1, dx);
  } else {
    FN(gradient_rows)(x, dy, rows, channels, mean, scale, shift, 0, offset, slope, 0, dx);
  }
  if (stream) __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void FN(sum_rows)(const void *xv, ptrdiff_t rows, ptrdiff_t channels, double *restrict sums,
                         void *scratch) {
  const REAL *restrict x = xv;
  REAL *restrict sum = scratch;
  ptrdiff_t block = FN(block_rows)(channels);
  for (ptrdiff_t begin = 0; begin < rows; begin += block) {
    ptrdiff_t n = rows - begin < block ? rows - begin : block;
    for (ptrdiff_t c = 0; c < channels; c++) sum[c] = 0;
    for (ptrdiff_t r = 0; r < n; r++) {
      const REAL *restrict p = x + (begin + r) * channels;
      for (ptrdiff_t c = 0; c < channels; c++) sum[c] += p[c];
    }
    for (ptrdiff_t c = 0; c < channels; c++) sums[c] += (double)sum[c];
  }
}

// In halves: a chain of additions would take longer than all that a short row has else.
static inline double FN(add_lanes)(const FN(lanes) *v) {
  double part[LANES];
  for (int i = 0; i < LANES; i++) part[i] = (double)(*v)[i];
  for (int half = LANES / 2; half > 0; half /= 2)
    for (int i = 0; i < half; i++) part[i] += part[i + half];
  return part[0];
}

// Neighbouring elements whose sums are kept in REAL lanes before they go to double.
#define LAYER_CHUNK ((ptrdiff_t)2048)

static void FN(layer)(const void *xv, ptrdiff_t rows, ptrdiff_t width, const void *weight, const void *bias,
                      double epsilon, void *yv, void *mean_out, void *inverse_deviation) {
  const REAL *restrict w = weight, *restrict b = bias;
  REAL *means = mean_out, *inverses = inverse_deviation;
  for (ptrdiff_t r = 0; r < rows; r++) {
    // y may lie on x: vectors are spelled out, since no compiler makes them of loops over what may overlap.
    const REAL *x = (const REAL *)xv + r * width;
    REAL *y = (REAL *)yv + r * width;
    double total = 0;
    for (ptrdiff_t begin = 0; begin < width; begin += LAYER_CHUNK) {
      ptrdiff_t end = width - begin < LAYER_CHUNK ? width : begin + LAYER_CHUNK, i = begin;
      FN(lanes) sum = 0;
      for (; i + LANES <= end; i += LANES) sum += LOAD(x + i);
      for (; i < end; i++) total += (double)x[i];
      total += FN(add_lanes)(&sum);
    }
    REAL mean = (REAL)(total / (double)width);
    total = 0;
    for (ptrdiff_t begin = 0; begin < width; begin += LAYER_CHUNK) {
      ptrdiff_t end = width - begin < LAYER_CHUNK ? width : begin + LAYER_CHUNK, i = begin;
      FN(lanes) sum = 0;
      for (; i + LANES <= end; i += LANES) {
        FN(lanes) d = LOAD(x + i) - mean;
        sum = FMA(d, d, sum);
      }
      for (; i < end; i++) total += (double)((x[i] - mean) * (x[i] - mean));
      total += FN(add_lanes)(&sum);
    }
    REAL inverse = (REAL)(1 / sqrt(total / (double)width + epsilon));
    ptrdiff_t i = 0;
    for (; i + LANES <= width; i += LANES)
      STORE(y + i, FMA((LOAD(x + i) - mean) * inverse, LOAD(w + i), LOAD(b + i)));
    for (; i < width; i++) y[i] = FMA((x[i] - mean) * inverse, w[i], b[i]);
    means[r] = mean;
    inverses[r] = inverse;
  }
}

static void FN(layer_gradient)(const void *xv, const void *dyv, ptrdiff_t rows, ptrdiff_t width,
                               const void *weight, const void *mean, const void *inverse_deviation, void *dxv,
                               double *restrict dweight, double *restrict dbias, void *scratch) {
  const REAL *restrict w = weight;
  REAL *restrict dw = scratch;
  REAL *restrict db = dw + width;
  const ptrdiff_t block = 64;
  for (ptrdiff_t begin = 0; begin < rows; begin += block) {
    ptrdiff_t end = rows - begin < block ? rows : begin + block;
    for (ptrdiff_t i = 0; i < width; i++) dw[i] = db[i] = 0;
    for (ptrdiff_t r = begin; r < end; r++) {
      // dx may lie on x or dy.
      const REAL *x = (const REAL *)xv + r * width, *dy = (const REAL *)dyv + r * width;
      REAL *dx = (REAL *)dxv + r * width;
      REAL m = ((const REAL *)mean)[r], s = ((const REAL *)inverse_deviation)[r];
      double total = 0, product = 0;
      for (ptrdiff_t chunk = 0; chunk < width; chunk += LAYER_CHUNK) {
        ptrdiff_t last = width - chunk < LAYER_CHUNK ? width : chunk + LAYER_CHUNK, i = chunk;
        FN(lanes) sum = 0, cross = 0;
        for (; i + LANES <= last; i += LANES) {
          FN(lanes) g = LOAD(dy + i) * LOAD(w + i);
          sum += g;
          cross = FMA(g, (LOAD(x + i) - m) * s, cross);
        }
        for (; i < last; i++) {
          REAL g = dy[i] * w[i];
          total += (double)g;
          product += (double)(g * ((x[i] - m) * s));
        }
        total += FN(add_lanes)(&sum);
        product += FN(add_lanes)(&cross);
      }
      REAL mean_g = (REAL)(total / (double)width), mean_product = (REAL)(product / (double)width);
      ptrdiff_t i = 0;
      for (; i + LANES <= width; i += LANES) {
        FN(lanes) normal = (LOAD(x + i) - m) * s, g = LOAD(dy + i);
        STORE(dw + i, FMA(g, normal, LOAD(dw + i)));
        STORE(db + i, LOAD(db + i) + g);
        STORE(dx + i, s * (FMA(g, LOAD(w + i), (FN(lanes)){0} - mean_g) - normal * mean_product));
      }
      for (; i < width; i++) {
        REAL normal = (x[i] - m) * s;
        dw[i] = FMA(dy[i], normal, dw[i]);
        db[i] += dy[i];
        dx[i] = s * (FMA(dy[i], w[i], -mean_g) - normal * mean_product);
      }
    }
    for (ptrdiff_t i = 0; i < width; i++) {
      dweight[i] += (double)dw[i];
      dbias[i] += (double)db[i];
    }
  }
}

static const martlet_norm_table FN(table) = {
    FN(moments), FN(statistics), FN(inverse_deviations), FN(update_running), FN(repeat),
    FN(narrow),  FN(widen),      FN(apply),              FN(gradient_sums),  FN(gradient_input),
    FN(sum_rows), FN(layer),     FN(layer_gradient),
};

#undef LAYER_CHUNK
#undef LANES
#undef LOAD
#undef STORE
