// Vectors, and what kernels do with them whatever they compute: included by the bodies of kernels, once for each
// instruction set and element type, with
//   REAL     element type       LANES    elements of a vector       NAME(x)  the name of x in this set
// and, if the set has them, with MASKED_LOAD(p, mask) and MASKED_STORE(p, v, mask).

typedef REAL NAME(vector) __attribute__((vector_size(LANES * sizeof(REAL))));
typedef REAL NAME(loose) __attribute__((vector_size(LANES * sizeof(REAL)), aligned(sizeof(REAL)), may_alias));

static inline __attribute__((always_inline)) NAME(vector) NAME(load)(const REAL *p) {
  return *(const NAME(loose) *)p;
}
static inline __attribute__((always_inline)) void NAME(store)(REAL *p, NAME(vector) v) {
  *(NAME(loose) *)p = v;
}
static inline __attribute__((always_inline)) NAME(vector) NAME(splat)(REAL x) {
  return x - (NAME(vector)){};
}
// Zero in place of negative numbers; NaN stays NaN.
static inline __attribute__((always_inline)) NAME(vector) NAME(rectified)(NAME(vector) x) {
  const __typeof__(x < 0) negative = x < 0;
  return (NAME(vector))((__typeof__(x < 0))x & ~negative);
}

// The first `lanes` elements; nothing behind them is touched. By masks where the set has them, otherwise in runs of
// halving lengths.
#ifdef MASKED_LOAD
static inline __attribute__((always_inline)) NAME(vector) NAME(load_some)(const REAL *p, long lanes) {
  return lanes == LANES ? NAME(load)(p) : (NAME(vector))MASKED_LOAD(p, (1u << lanes) - 1);
}
static inline __attribute__((always_inline)) void NAME(store_some)(REAL *p, NAME(vector) v, long lanes) {
  if (lanes == LANES) NAME(store)(p, v);
  else MASKED_STORE(p, v, (1u << lanes) - 1);
}
#else
static inline __attribute__((always_inline)) void NAME(copy_some)(REAL *to, const REAL *from, long lanes) {
#pragma clang loop unroll(full)
  for (int run = LANES / 2; run > 0; run /= 2) {
    if (!(lanes & run)) continue;
    __builtin_memcpy(to, from, (unsigned long)run * sizeof(REAL));
    to += run;
    from += run;
  }
}
static inline __attribute__((always_inline)) NAME(vector) NAME(load_some)(const REAL *p, long lanes) {
  if (lanes == LANES) return NAME(load)(p);
  NAME(vector) v = {};
  NAME(copy_some)((REAL *)&v, p, lanes);
  return v;
}
static inline __attribute__((always_inline)) void NAME(store_some)(REAL *p, NAME(vector) v, long lanes) {
  if (lanes == LANES) return NAME(store)(p, v);
  NAME(copy_some)(p, (const REAL *)&v, lanes);
}
#endif
