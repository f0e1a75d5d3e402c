// Includes BODY for float and double of one instruction set: the includer defines SET, the set's name, and stands
// inside the set's target attribute. A body finds
//   NAME(x)   x with the suffix of the type and the set, such as x_f32_avx2
//   REAL      float or double
//   M_EXP …   elementary functions of REAL; M_LIBRARY(name) is the C library's
//   VECTOR    a hint before loops that must become vectors, in which outputs may lie on inputs, element on element

#define JOIN_(a, b, c) a##_##b##_##c
#define JOIN(a, b, c) JOIN_(a, b, c)

#define MATH(x) JOIN(x, math, SET)
#include "elementwise_math.h"

#define NAME(x) JOIN(x, f32, SET)
#define REAL float
#define VECTOR _Pragma("clang loop vectorize(assume_safety)")
#define M_EXP(v) MATH(exp)(v)
#define M_LOG(v) MATH(log)(v)
#define M_LOG1P_UNIT(v) MATH(log1p_unit)(v)
#define M_TANH(v) MATH(tanh)(v)
#define M_SIGMOID(v) MATH(sigmoid)(v)
#define M_ERF(v) MATH(erf)(v)
#define M_ABS(v) __builtin_fabsf(v)
#define M_EXPM1_BELOW(v) MATH(expm1_below)(v)
#define M_POW(v, p) powf(v, p)
#define M_LIBRARY(name) name##f
#include BODY
#undef NAME
#undef REAL
#undef VECTOR
#undef M_EXP
#undef M_LOG
#undef M_LOG1P_UNIT
#undef M_TANH
#undef M_SIGMOID
#undef M_ERF
#undef M_ABS
#undef M_EXPM1_BELOW
#undef M_POW
#undef M_LIBRARY

// Double precision is there to check with: library functions, which loops cannot be vectors of.
#define NAME(x) JOIN(x, f64, SET)
#define REAL double
#define VECTOR
#define M_EXP(v) exp(v)
#define M_LOG(v) log(v)
#define M_LOG1P_UNIT(v) log1p(v)
#define M_TANH(v) tanh(v)
#define M_SIGMOID(v) (1.0 / (1.0 + exp(-(v))))
#define M_ERF(v) erf(v)
#define M_ABS(v) __builtin_fabs(v)
#define M_EXPM1_BELOW(v) expm1(v)
#define M_POW(v, p) pow(v, p)
#define M_LIBRARY(name) name
#include BODY
#undef NAME
#undef REAL
#undef VECTOR
#undef M_EXP
#undef M_LOG
#undef M_LOG1P_UNIT
#undef M_TANH
#undef M_SIGMOID
#undef M_ERF
#undef M_ABS
#undef M_EXPM1_BELOW
#undef M_POW
#undef M_LIBRARY

#undef MATH
#undef MATH_REDUCE_EXP
#undef MATH_ROUNDER
#undef JOIN
#undef JOIN_
