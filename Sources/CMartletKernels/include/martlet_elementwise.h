#ifndef MARTLET_ELEMENTWISE_H
#define MARTLET_ELEMENTWISE_H

#include "martlet_isa.h"

#include <stddef.h>
#include <stdint.h>

// Element types. Boolean elements are MARTLET_U8 with the values 0 and 1.
typedef enum { MARTLET_F32, MARTLET_F64, MARTLET_I32, MARTLET_I64, MARTLET_U8, MARTLET_BOOL } martlet_scalar;

// y = f(x). `a` and `b` are the function's attributes.
typedef enum {
  MARTLET_NEGATE,
  MARTLET_ABS,
  MARTLET_EXP,
  MARTLET_LOG,
  MARTLET_SQRT,
  MARTLET_RECIPROCAL,
  MARTLET_SQUARE,
  MARTLET_RELU,
  MARTLET_LEAKY_RELU,  // slope a
  MARTLET_GELU,
  MARTLET_GELU_TANH,
  MARTLET_SILU,
  MARTLET_HARD_SWISH,    // x · hard_sigmoid(x)
  MARTLET_HARD_SIGMOID,  // x + 3, from 0 to 6, over 6
  MARTLET_SIGMOID,
  MARTLET_TANH,
  MARTLET_ERF,
  MARTLET_CLAMP,         // from a to b
  MARTLET_HARD_TANH,     // the same, with a slope of 0 at a and b too
  MARTLET_ADD_SCALAR,    // x + a
  MARTLET_SCALE,         // x * a
  MARTLET_DIVIDE_BY,     // x / a
  MARTLET_SUBTRACT_FROM, // a - x
  MARTLET_DIVIDE_INTO,   // a / x
  MARTLET_POWER_SCALAR,  // x to the power a
  MARTLET_SIGN,
  MARTLET_CEIL,
  MARTLET_FLOOR,
  MARTLET_ROUND, // halves to even
  MARTLET_SIN,
  MARTLET_COS,
  MARTLET_TAN,
  MARTLET_ASIN,
  MARTLET_ACOS,
  MARTLET_ATAN,
  MARTLET_SINH,
  MARTLET_COSH,
  MARTLET_ASINH,
  MARTLET_ACOSH,
  MARTLET_ATANH,
  MARTLET_SOFTPLUS, // log(1 + exp(x))
  MARTLET_SOFTSIGN, // x / (1 + |x|)
  MARTLET_ELU,      // x above 0, a · (exp(b · x) − 1) below
  MARTLET_MISH,     // x · tanh(softplus(x))
  MARTLET_THRESHOLD, // x above a, else 0
  MARTLET_SHRINK,    // x − b above a, x + b below −a, else 0
} martlet_unary;

typedef enum {
  MARTLET_ADD,
  MARTLET_SUBTRACT,
  MARTLET_MULTIPLY,
  MARTLET_DIVIDE,  // floating point only
  MARTLET_MAXIMUM, // not a number where either is
  MARTLET_MINIMUM,
  MARTLET_POWER,
  MARTLET_REMAINDER,           // of the divisor's sign
  MARTLET_TRUNCATED_REMAINDER, // of the dividend's sign
  MARTLET_PARAMETRIC_RELU,     // x above 0, else x · z
  // Integers only. What divides by zero gives 0.
  MARTLET_TRUNCATED_QUOTIENT,
  MARTLET_BITWISE_AND,
  MARTLET_BITWISE_OR,
  MARTLET_BITWISE_XOR,
  MARTLET_SHIFT_LEFT, // a shift that is negative, or by all bits or more, leaves nothing
  MARTLET_SHIFT_RIGHT,
} martlet_binary;

typedef enum {
  MARTLET_EQUAL,
  MARTLET_NOT_EQUAL,
  MARTLET_LESS,
  MARTLET_LESS_EQUAL,
  MARTLET_GREATER,
  MARTLET_GREATER_EQUAL,
  MARTLET_AND, // of "is not zero"
  MARTLET_OR,
} martlet_comparison;

// A read of rows × columns elements; strides count elements and may be zero.
typedef struct {
  const void *_Nonnull start;
  ptrdiff_t row_stride;
  ptrdiff_t column_stride;
} martlet_plane;

// Kernels of one element type. Outputs may be the same memory as an input read at unit stride. Members that make
// no sense for integers are null there.
typedef struct {
  // For integers: the opposite, the magnitude, the sign, the square and relu.
  void (*_Nonnull unary)(
      martlet_unary, const void *_Nonnull x, void *_Nonnull y, size_t n, double a, double b);
  // dx from dy and from what the forward pass kept: its output for exp, sqrt, reciprocal, relu, sigmoid and tanh,
  // either for leaky relu of a slope of at least zero, its input otherwise; tan its output. Not for the functions that
  // are linear, and not for those that are constant in pieces.
  void (*_Nullable unary_gradient)(
      martlet_unary, const void *_Nonnull kept, const void *_Nonnull dy, void *_Nonnull dx, size_t n, double a,
      double b);
  // y, dense: rows × columns.
  void (*_Nonnull binary)(
      martlet_binary, martlet_plane a, martlet_plane b, void *_Nonnull y, size_t rows, size_t columns);
  void (*_Nonnull compare)(
      martlet_comparison, martlet_plane a, martlet_plane b, uint8_t *_Nonnull y, size_t rows, size_t columns);
  // y = condition ? a : b
  void (*_Nonnull select)(
      martlet_plane condition, martlet_plane a, martlet_plane b, void *_Nonnull y, size_t rows, size_t columns);
  // y = scale · x, or a plain copy for integers.
  void (*_Nonnull copy)(martlet_plane x, void *_Nonnull y, size_t rows, size_t columns, double scale);
  // How many elements are infinite or not a number.
  size_t (*_Nullable count_not_finite)(const void *_Nonnull x, size_t n);
} martlet_elementwise_table_t;

const martlet_elementwise_table_t *_Nonnull martlet_elementwise_table(martlet_isa, martlet_scalar);

// Converts n elements. Floating point to integer truncates; what does not fit becomes the nearest value that does,
// and what is not a number becomes zero. Integer to a smaller integer keeps the low bits. To bool: whether it is not
// zero.
void martlet_cast(martlet_scalar from, const void *_Nonnull x, martlet_scalar to, void *_Nonnull y, size_t n);

#endif
