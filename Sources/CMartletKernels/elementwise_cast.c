#include "martlet_elementwise.h"

// What does not fit becomes the nearest value that does; what is not a number becomes zero. The upper limit is the
// first value that no longer fits, since the largest integer itself need not be a floating-point number.
#define SATURATE(TYPE, lowest, highest, beyond, v)                                                            \
  ((v) != (v) ? (TYPE)0 : (v) >= (beyond) ? (TYPE)(highest) : (v) <= (lowest) ? (TYPE)(lowest) : (TYPE)(v))

#define REAL_TO_I32(v) SATURATE(int32_t, INT32_MIN, INT32_MAX, 0x1p31, v)
#define REAL_TO_I64(v) SATURATE(int64_t, INT64_MIN, INT64_MAX, 0x1p63, v)
#define REAL_TO_U8(v) SATURATE(uint8_t, 0, UINT8_MAX, 256, v)

#define CONVERT(SOURCE, TARGET, EXPRESSION)                                                                   \
  {                                                                                                           \
    const SOURCE *source = x;                                                                                 \
    TARGET *target = y;                                                                                       \
    for (size_t i = 0; i < n; i++) {                                                                          \
      const SOURCE v = source[i];                                                                             \
      target[i] = (EXPRESSION);                                                                               \
    }                                                                                                         \
  }                                                                                                           \
  break

#define FROM(SOURCE, TO_I32, TO_I64, TO_U8)                                                                   \
  switch (to) {                                                                                               \
  case MARTLET_F32: CONVERT(SOURCE, float, (float)v);                                                         \
  case MARTLET_F64: CONVERT(SOURCE, double, (double)v);                                                       \
  case MARTLET_I32: CONVERT(SOURCE, int32_t, TO_I32(v));                                                      \
  case MARTLET_I64: CONVERT(SOURCE, int64_t, TO_I64(v));                                                      \
  case MARTLET_U8: CONVERT(SOURCE, uint8_t, TO_U8(v));                                                        \
  case MARTLET_BOOL: CONVERT(SOURCE, uint8_t, v != 0);                                                        \
  }                                                                                                           \
  break

#define PLAIN_I32(v) ((int32_t)(v))
#define PLAIN_I64(v) ((int64_t)(v))
#define PLAIN_U8(v) ((uint8_t)(v))

void martlet_cast(martlet_scalar from, const void *x, martlet_scalar to, void *y, size_t n) {
  switch (from) {
  case MARTLET_F32: FROM(float, REAL_TO_I32, REAL_TO_I64, REAL_TO_U8);
  case MARTLET_F64: FROM(double, REAL_TO_I32, REAL_TO_I64, REAL_TO_U8);
  case MARTLET_I32: FROM(int32_t, PLAIN_I32, PLAIN_I64, PLAIN_U8);
  case MARTLET_I64: FROM(int64_t, PLAIN_I32, PLAIN_I64, PLAIN_U8);
  case MARTLET_U8:
  case MARTLET_BOOL: FROM(uint8_t, PLAIN_I32, PLAIN_I64, PLAIN_U8);
  }
}
