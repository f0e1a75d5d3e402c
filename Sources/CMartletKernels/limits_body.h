// The body of limits.c, included once for each instruction set with
//   LANES    floats of a vector          CHAINS        vectors that are worked on at a time
//   NAME(x)  the name of x in this set   FMA(a, b, c)  a * b + c on vectors

typedef float NAME(vector) __attribute__((vector_size(LANES * sizeof(float))));

static float NAME(total)(const NAME(vector) *sums) {
  float total = 0;
  for (int c = 0; c < CHAINS; c++)
    for (int i = 0; i < LANES; i++) total += sums[c][i];
  return total;
}

static float NAME(multiply_add)(long rounds) {
  // Halving and adding a half keeps the numbers near 1. The compiler must not know that the factor is a constant.
  float half = 0.5f;
  __asm__ volatile("" : "+m"(half));
  const NAME(vector) factor = half - (NAME(vector)){};
  NAME(vector) sums[CHAINS] = {};
  for (long r = 0; r < rounds; r++)
#pragma clang loop unroll(full)
    for (int c = 0; c < CHAINS; c++) sums[c] = FMA(sums[c], factor, factor);
  return NAME(total)(sums);
}

static float NAME(read)(const float *source, long count) {
  NAME(vector) sums[CHAINS] = {};
  const long step = CHAINS * LANES;
  long i = 0;
  for (; i + step <= count; i += step)
#pragma clang loop unroll(full)
    for (int c = 0; c < CHAINS; c++) sums[c] += *(const NAME(vector) *)(source + i + c * LANES);
  float total = NAME(total)(sums);
  for (; i < count; i++) total += source[i];
  return total;
}

static void NAME(copy)(float *target, const float *source, long count) {
  long i = 0;
  for (; i + 16 <= count; i += 16)
#pragma clang loop unroll(full)
    for (int v = 0; v < 16; v += LANES)
      __builtin_nontemporal_store(*(const NAME(vector) *)(source + i + v), (NAME(vector) *)(target + i + v));
  for (; i < count; i++) target[i] = source[i];
#if defined(__x86_64__)
  __builtin_ia32_sfence();
#endif
}

static const martlet_limits_loops NAME(table) = {
    .lanes = LANES,
    .chains = CHAINS,
    .multiply_add = NAME(multiply_add),
    .read = NAME(read),
    .copy = NAME(copy),
};
