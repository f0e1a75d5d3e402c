// Element-wise kernels of one floating-point type and one instruction set; see elementwise_reals.h for the macros.

#define UNARY(EXPRESSION)                                                                                     \
  {                                                                                                           \
    VECTOR for (size_t i = 0; i < n; i++) {                                                                   \
      const REAL v = x[i];                                                                                    \
      y[i] = (EXPRESSION);                                                                                    \
    }                                                                                                         \
  }                                                                                                           \
  break

static inline REAL NAME(gelu_tanh_argument)(REAL v) {
  return (REAL)0.7978845608028654 * (v + (REAL)0.044715 * (v * v * v));
}

// Within 0 and a limit; not a number where v is none.
static inline REAL NAME(clamped)(REAL v, REAL limit) {
  v = v < 0 ? (REAL)0 : v;
  return v > limit ? limit : v;
}

// tanh(softplus(v)) and the logistic function of v, from e^−|v| alone.
static inline REAL NAME(mish_share)(REAL v, REAL e) {
  const REAL below = e * (e + (REAL)2), above = (REAL)1 + (REAL)2 * e;
  return v < 0 ? below / (below + (REAL)2) : above / (above + (REAL)2 * e * e);
}

static inline REAL NAME(mish_slope)(REAL v) {
  const REAL e = M_EXP(-M_ABS(v));
  const REAL t = NAME(mish_share)(v, e);
  return t + v * ((REAL)1 - t * t) * ((v < 0 ? e : (REAL)1) / ((REAL)1 + e));
}

// Loops over library functions cannot become vectors.
#define LIBRARY(FUNCTION)                                                                                     \
  for (size_t i = 0; i < n; i++) y[i] = M_LIBRARY(FUNCTION)(x[i]);                                            \
  break

static void NAME(power_scalar)(const REAL *x, REAL *y, size_t n, REAL p) {
  if (p == (REAL)0.5) {
    VECTOR for (size_t i = 0; i < n; i++) y[i] = __builtin_elementwise_sqrt(x[i]);
  } else if (p == 3) {
    VECTOR for (size_t i = 0; i < n; i++) y[i] = x[i] * x[i] * x[i];
  } else if (p == 2) {
    VECTOR for (size_t i = 0; i < n; i++) y[i] = x[i] * x[i];
  } else {
    for (size_t i = 0; i < n; i++) y[i] = M_POW(x[i], p);
  }
}

static void NAME(unary)(
    martlet_unary operation, const void *x_, void *y_, size_t n, double a_, double b_) {
  const REAL *x = x_;
  REAL *y = y_;
  const REAL a = (REAL)a_, b = (REAL)b_;
  switch (operation) {
  case MARTLET_NEGATE: UNARY(-v);
  case MARTLET_ABS: UNARY(M_ABS(v));
  case MARTLET_EXP: UNARY(M_EXP(v));
  case MARTLET_LOG: UNARY(M_LOG(v));
  case MARTLET_SQRT: UNARY(__builtin_elementwise_sqrt(v));
  case MARTLET_RECIPROCAL: UNARY((REAL)1 / v);
  case MARTLET_SQUARE: UNARY(v * v);
  // Comparisons are written so that what is not a number stays so.
  case MARTLET_RELU: UNARY(v < 0 ? (REAL)0 : v);
  case MARTLET_LEAKY_RELU: UNARY(v > 0 ? v : v * a);
  case MARTLET_GELU: UNARY((REAL)0.5 * v * ((REAL)1 + M_ERF(v * (REAL)0.7071067811865476)));
  case MARTLET_GELU_TANH: UNARY((REAL)0.5 * v * ((REAL)1 + M_TANH(NAME(gelu_tanh_argument)(v))));
  case MARTLET_SILU: UNARY(v * M_SIGMOID(v));
  case MARTLET_HARD_SWISH: UNARY(v * NAME(clamped)(v + (REAL)3, 6) / (REAL)6);
  case MARTLET_HARD_SIGMOID: UNARY(NAME(clamped)(v + (REAL)3, 6) / (REAL)6);
  case MARTLET_SIGMOID: UNARY(M_SIGMOID(v));
  case MARTLET_TANH: UNARY(M_TANH(v));
  case MARTLET_ERF: UNARY(M_ERF(v));
  case MARTLET_CLAMP:
  case MARTLET_HARD_TANH: {
    VECTOR for (size_t i = 0; i < n; i++) {
      const REAL v = x[i] < a ? a : x[i];
      y[i] = v > b ? b : v;
    }
    break;
  }
  case MARTLET_ADD_SCALAR: UNARY(v + a);
  case MARTLET_SCALE: UNARY(v * a);
  case MARTLET_DIVIDE_BY: UNARY(v / a);
  case MARTLET_SUBTRACT_FROM: UNARY(a - v);
  case MARTLET_DIVIDE_INTO: UNARY(a / v);
  case MARTLET_POWER_SCALAR: NAME(power_scalar)(x, y, n, a); break;
  case MARTLET_SIGN: UNARY(v > 0 ? (REAL)1 : v < 0 ? (REAL)-1 : v);
  case MARTLET_CEIL: UNARY(__builtin_elementwise_ceil(v));
  case MARTLET_FLOOR: UNARY(__builtin_elementwise_floor(v));
  case MARTLET_ROUND: UNARY(__builtin_elementwise_rint(v));
  case MARTLET_SIN: LIBRARY(sin);
  case MARTLET_COS: LIBRARY(cos);
  case MARTLET_TAN: LIBRARY(tan);
  case MARTLET_ASIN: LIBRARY(asin);
  case MARTLET_ACOS: LIBRARY(acos);
  case MARTLET_ATAN: LIBRARY(atan);
  case MARTLET_SINH: LIBRARY(sinh);
  case MARTLET_COSH: LIBRARY(cosh);
  case MARTLET_ASINH: LIBRARY(asinh);
  case MARTLET_ACOSH: LIBRARY(acosh);
  case MARTLET_ATANH: LIBRARY(atanh);
  case MARTLET_SOFTPLUS: UNARY((v < 0 ? (REAL)0 : v) + M_LOG1P_UNIT(M_EXP(-M_ABS(v))));
  case MARTLET_SOFTSIGN: UNARY(v / ((REAL)1 + M_ABS(v)));
  case MARTLET_ELU: UNARY(v > 0 ? v : a * M_EXPM1_BELOW(v > 0 ? (REAL)0 : b * v));
  case MARTLET_MISH: UNARY(v * NAME(mish_share)(v, M_EXP(-M_ABS(v))));
  case MARTLET_THRESHOLD: UNARY(v <= a ? (REAL)0 : v);
  case MARTLET_SHRINK: UNARY(v < -a ? v + b : v <= a ? (REAL)0 : v - b);
  }
}
#undef UNARY
#undef LIBRARY

// d(x · Φ(x))/dx = Φ(x) + x · φ(x)
static inline REAL NAME(gelu_slope)(REAL v) {
  const REAL cumulative = (REAL)0.5 * ((REAL)1 + M_ERF(v * (REAL)0.7071067811865476));
  return cumulative + v * (REAL)0.3989422804014327 * M_EXP((REAL)-0.5 * v * v);
}

static inline REAL NAME(gelu_tanh_slope)(REAL v) {
  const REAL t = M_TANH(NAME(gelu_tanh_argument)(v));
  const REAL inner = (REAL)0.7978845608028654 * ((REAL)1 + (REAL)(3 * 0.044715) * v * v);
  return (REAL)0.5 * ((REAL)1 + t) + (REAL)0.5 * v * ((REAL)1 - t * t) * inner;
}

static inline REAL NAME(silu_slope)(REAL v) {
  const REAL s = M_SIGMOID(v);
  return s * ((REAL)1 + v * ((REAL)1 - s));
}

#define GRADIENT(EXPRESSION)                                                                                  \
  {                                                                                                           \
    VECTOR for (size_t i = 0; i < n; i++) {                                                                   \
      const REAL v = kept[i], g = dy[i];                                                                      \
      dx[i] = (EXPRESSION);                                                                                   \
    }                                                                                                         \
  }                                                                                                           \
  break

#define GRADIENT_CALLS(EXPRESSION)                                                                            \
  for (size_t i = 0; i < n; i++) {                                                                            \
    const REAL v = kept[i], g = dy[i];                                                                        \
    dx[i] = (EXPRESSION);                                                                                     \
  }                                                                                                           \
  break

static void NAME(unary_gradient)(
    martlet_unary operation, const void *kept_, const void *dy_, void *dx_, size_t n, double a_, double b_) {
  const REAL *kept = kept_, *dy = dy_;
  REAL *dx = dx_;
  const REAL a = (REAL)a_, b = (REAL)b_;
  switch (operation) {
  case MARTLET_ABS: GRADIENT(g * (v > 0 ? (REAL)1 : v < 0 ? (REAL)-1 : (REAL)0));
  case MARTLET_EXP: GRADIENT(g * v);
  case MARTLET_LOG: GRADIENT(g / v);
  case MARTLET_SQRT: GRADIENT(g / ((REAL)2 * v));
  case MARTLET_RECIPROCAL: GRADIENT(-g * (v * v));
  case MARTLET_SQUARE: GRADIENT(g * ((REAL)2 * v));
  case MARTLET_RELU: GRADIENT(v <= 0 ? (REAL)0 : g);
  case MARTLET_LEAKY_RELU: GRADIENT(v > 0 ? g : g * a);
  case MARTLET_GELU: GRADIENT(g * NAME(gelu_slope)(v));
  case MARTLET_GELU_TANH: GRADIENT(g * NAME(gelu_tanh_slope)(v));
  case MARTLET_SILU: GRADIENT(g * NAME(silu_slope)(v));
  case MARTLET_HARD_SWISH:
    GRADIENT(v <= (REAL)-3 ? (REAL)0 : v < (REAL)3 ? g * (v / (REAL)3 + (REAL)0.5) : g);
  case MARTLET_HARD_SIGMOID: GRADIENT(((v > (REAL)-3) & (v < (REAL)3)) ? g / (REAL)6 : (REAL)0);
  case MARTLET_SIGMOID: GRADIENT(g * (((REAL)1 - v) * v));
  case MARTLET_TANH: GRADIENT(g * ((REAL)1 - v * v));
  case MARTLET_ERF: GRADIENT(g * ((REAL)1.1283791670955126 * M_EXP(-v * v)));
  case MARTLET_CLAMP: GRADIENT(((v >= a) & (v <= b)) ? g : (REAL)0);
  case MARTLET_HARD_TANH: GRADIENT(((v > a) & (v < b)) ? g : (REAL)0);
  case MARTLET_DIVIDE_INTO: GRADIENT(-g * a / (v * v));
  case MARTLET_POWER_SCALAR:
    for (size_t i = 0; i < n; i++) {
      dx[i] = a == 0 ? (REAL)0 : dy[i] * (a * M_POW(kept[i], a - (REAL)1));
    }
    break;
  case MARTLET_SIN: GRADIENT_CALLS(g * M_LIBRARY(cos)(v));
  case MARTLET_COS: GRADIENT_CALLS(-g * M_LIBRARY(sin)(v));
  case MARTLET_TAN: GRADIENT(g * ((REAL)1 + v * v));
  case MARTLET_ASIN: GRADIENT(g / __builtin_elementwise_sqrt((REAL)1 - v * v));
  case MARTLET_ACOS: GRADIENT(-g / __builtin_elementwise_sqrt((REAL)1 - v * v));
  case MARTLET_ATAN: GRADIENT(g / ((REAL)1 + v * v));
  case MARTLET_SINH: GRADIENT_CALLS(g * M_LIBRARY(cosh)(v));
  case MARTLET_COSH: GRADIENT_CALLS(g * M_LIBRARY(sinh)(v));
  case MARTLET_ASINH: GRADIENT(g / __builtin_elementwise_sqrt(v * v + (REAL)1));
  case MARTLET_ACOSH: GRADIENT(g / __builtin_elementwise_sqrt(v * v - (REAL)1));
  case MARTLET_ATANH: GRADIENT(g / ((REAL)1 - v * v));
  case MARTLET_SOFTPLUS: GRADIENT(g * M_SIGMOID(v));
  case MARTLET_SOFTSIGN: GRADIENT(g / (((REAL)1 + M_ABS(v)) * ((REAL)1 + M_ABS(v))));
  case MARTLET_ELU: GRADIENT(v > 0 ? g : g * (a * b * M_EXP(v > 0 ? (REAL)0 : b * v)));
  case MARTLET_MISH: GRADIENT(g * NAME(mish_slope)(v));
  case MARTLET_THRESHOLD: GRADIENT(v <= a ? (REAL)0 : g);
  case MARTLET_SHRINK: GRADIENT(((v >= -a) & (v <= a)) ? (REAL)0 : g);
  // Constant in pieces.
  case MARTLET_SIGN:
  case MARTLET_CEIL:
  case MARTLET_FLOOR:
  case MARTLET_ROUND:
  // Linear in x: their gradients are unary functions of dy alone.
  case MARTLET_NEGATE:
  case MARTLET_ADD_SCALAR:
  case MARTLET_SCALE:
  case MARTLET_DIVIDE_BY:
  case MARTLET_SUBTRACT_FROM: break;
  }
}
#undef GRADIENT
#undef GRADIENT_CALLS

static size_t NAME(count_not_finite)(const void *x_, size_t n) {
  const REAL *x = x_;
  size_t count = 0;
  for (size_t start = 0; start < n; start += 65536) {
    const size_t end = n - start < 65536 ? n : start + 65536;
    // A finite number less itself is zero; an infinite one is not a number.
    uint32_t part = 0;
    for (size_t i = start; i < end; i++) part += x[i] - x[i] == 0 ? 0u : 1u;
    count += part;
  }
  return count;
}

#define ELEMENT REAL
#define IS_REAL 1
#define WRAPPING(op) (x op z)
#include "elementwise_plane_body.h"
#undef ELEMENT
#undef IS_REAL
#undef WRAPPING

static const martlet_elementwise_table_t NAME(table) = {
    NAME(unary),  NAME(unary_gradient), NAME(binary),          NAME(compare),
    NAME(select), NAME(copy),           NAME(count_not_finite),
};
