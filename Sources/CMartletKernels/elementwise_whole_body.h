// Functions of integers. The includer defines NAME, VECTOR, ELEMENT and WRAPPING as for elementwise_plane_body.h.

#define IS_SIGNED ((ELEMENT)-1 < 0)
#define BITS (8 * (int)sizeof(ELEMENT))

#define WHOLE(EXPRESSION)                                                                                     \
  {                                                                                                           \
    VECTOR for (size_t i = 0; i < n; i++) {                                                                   \
      const ELEMENT v = p[i];                                                                                 \
      q[i] = (EXPRESSION);                                                                                    \
    }                                                                                                         \
  }                                                                                                           \
  break

static inline ELEMENT NAME(opposite)(ELEMENT z) {
  const ELEMENT x = 0;
  return WRAPPING(-);
}

static inline ELEMENT NAME(product)(ELEMENT x, ELEMENT z) { return WRAPPING(*); }

static void NAME(unary)(martlet_unary operation, const void *x, void *y, size_t n, double a, double b) {
  (void)a, (void)b;
  const ELEMENT *p = x;
  ELEMENT *q = y;
  switch (operation) {
  case MARTLET_NEGATE: WHOLE(NAME(opposite)(v));
  case MARTLET_ABS: WHOLE(IS_SIGNED && v < 0 ? NAME(opposite)(v) : v);
  case MARTLET_SIGN: WHOLE((ELEMENT)((v > 0) - (IS_SIGNED && v < 0)));
  case MARTLET_SQUARE: WHOLE(NAME(product)(v, v));
  case MARTLET_RELU: WHOLE(IS_SIGNED && v < 0 ? 0 : v);
  default: break;
  }
}
#undef WHOLE

static inline ELEMENT NAME(quotient)(ELEMENT x, ELEMENT z) {
  if (z == 0) return 0;
  // The smallest number has no opposite, and dividing it is a fault.
  return IS_SIGNED && z == (ELEMENT)-1 ? NAME(opposite)(x) : (ELEMENT)(x / z);
}

static inline ELEMENT NAME(truncated_remainder)(ELEMENT x, ELEMENT z) {
  return z == 0 || (IS_SIGNED && z == (ELEMENT)-1) ? 0 : (ELEMENT)(x % z);
}

static inline ELEMENT NAME(remainder)(ELEMENT x, ELEMENT z) {
  const ELEMENT rest = NAME(truncated_remainder)(x, z);
  return rest != 0 && (rest < 0) != (z < 0) ? (ELEMENT)(rest + z) : rest;
}

// By squaring. What is below 1 in magnitude is 0.
static inline ELEMENT NAME(power)(ELEMENT x, ELEMENT z) {
  if (IS_SIGNED && z < 0) {
    if (x == 1) return 1;
    return IS_SIGNED && x == (ELEMENT)-1 ? (z % 2 == 0 ? 1 : x) : 0;
  }
  ELEMENT result = 1;
  for (; z > 0; z /= 2) {
    if (z % 2 != 0) result = NAME(product)(result, x);
    x = NAME(product)(x, x);
  }
  return result;
}

static inline ELEMENT NAME(left)(ELEMENT x, ELEMENT z) {
  return (IS_SIGNED && z < 0) || z >= BITS ? 0 : (ELEMENT)((uint64_t)x << z);
}

static inline ELEMENT NAME(right)(ELEMENT x, ELEMENT z) {
  if ((IS_SIGNED && z < 0) || z >= BITS) return IS_SIGNED && x < 0 ? (ELEMENT)-1 : 0;
  return (ELEMENT)(x >> z);
}
