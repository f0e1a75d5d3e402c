// Random numbers of one floating-point type and one instruction set; see elementwise_reals.h for the macros.

#define GROUP 64
#define LANE 16

static void NAME(bits)(uint64_t key, uint64_t group, uint32_t *bits) {
  const uint64_t counter = group * LANE;
  _Pragma("clang loop vectorize(assume_safety)") for (uint32_t j = 0; j < LANE; j++) {
    // A group's counters differ in their low four bits only: no carry.
    uint32_t c0 = (uint32_t)counter + j, c1 = (uint32_t)(counter >> 32), c2 = 0, c3 = 0;
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    for (int round = 0; round < 10; round++) {
      const uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
      c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
      c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
      c1 = (uint32_t)p1;
      c3 = (uint32_t)p0;
      k0 += 0x9E3779B9u;
      k1 += 0xBB67AE85u;
    }
    bits[j] = c0;
    bits[LANE + j] = c1;
    bits[2 * LANE + j] = c2;
    bits[3 * LANE + j] = c3;
  }
}

static void NAME(dropout)(
    const void *x_, void *y_, size_t first, size_t end, uint64_t key, uint32_t threshold, double factor) {
  const REAL *x = x_;
  REAL *y = y_;
  const REAL kept = (REAL)factor;
  for (size_t start = first; start < end; start += GROUP) {
    const size_t count = end - start < GROUP ? end - start : GROUP;
    uint32_t bits[GROUP];
    NAME(bits)(key, start / GROUP, bits);
    VECTOR for (size_t i = 0; i < count; i++) {
      y[start + i] = x[start + i] * ((bits[i] >> 8) >= threshold ? kept : (REAL)0);
    }
  }
}

static void NAME(uniform)(void *y_, size_t first, size_t end, uint64_t key, double low, double high) {
  REAL *y = y_;
  const float from = (float)low, range = (float)(high - low);
  for (size_t start = first; start < end; start += GROUP) {
    const size_t count = end - start < GROUP ? end - start : GROUP;
    uint32_t bits[GROUP];
    NAME(bits)(key, start / GROUP, bits);
    VECTOR for (size_t i = 0; i < count; i++) {
      y[start + i] = (REAL)(from + range * ((float)(int32_t)(bits[i] >> 8) * 0x1p-24f));
    }
  }
}

// The cosine and sine of 2π · k / 2^24: the nearest quarter turn, and polynomials for what is left.
static inline void NAME(turn)(uint32_t k, float *cosine, float *sine) {
  const uint32_t quarter = (k + (1u << 21)) >> 22;
  const float r = (float)((int32_t)k - (int32_t)(quarter << 22)) * 0x1.921fb6p-22f;
  const float t = r * r;
  const float s = r * (0x1.000000p+0f + t * (-0x1.555540p-3f + t * (0x1.11062cp-7f + t * -0x1.9905a0p-13f)));
  const float c = 1.0f + t * (-0x1.000000p-1f +
                              t * (0x1.55553ap-5f + t * (-0x1.6c077ep-10f + t * 0x1.990534p-16f)));
  const int swapped = quarter & 1;
  const float a = swapped ? s : c, b = swapped ? c : s;
  *cosine = ((quarter + 1) & 2) ? -a : a;
  *sine = (quarter & 2) ? -b : b;
}

static void NAME(normal)(void *y_, size_t first, size_t end, uint64_t key, double mean, double deviation) {
  REAL *y = y_;
  const float center = (float)mean, scale = (float)deviation;
  for (size_t start = first; start < end; start += GROUP) {
    const size_t count = end - start < GROUP ? end - start : GROUP;
    uint32_t bits[GROUP];
    float value[GROUP];
    NAME(bits)(key, start / GROUP, bits);
    for (int pair = 0; pair < GROUP; pair += 2 * LANE) {
      _Pragma("clang loop vectorize(assume_safety)") for (int j = 0; j < LANE; j++) {
        // In (0, 1], so that its logarithm is finite.
        const float u = (float)(int32_t)((bits[pair + j] >> 8) + 1) * 0x1p-24f;
        const float radius = scale * __builtin_elementwise_sqrt(-2.0f * MATH(log)(u));
        float cosine, sine;
        NAME(turn)(bits[pair + LANE + j] >> 8, &cosine, &sine);
        value[pair + j] = center + radius * cosine;
        value[pair + LANE + j] = center + radius * sine;
      }
    }
    for (size_t i = 0; i < count; i++) y[start + i] = (REAL)value[i];
  }
}

#undef GROUP
#undef LANE

static const martlet_random_table_t NAME(table) = {NAME(dropout), NAME(uniform), NAME(normal)};
