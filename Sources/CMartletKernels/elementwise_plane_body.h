// Kernels over rows and columns with broadcasting, of one element type and one instruction set. The includer defines
// NAME and VECTOR as elementwise_reals.h does, and
//   ELEMENT           the element type
//   WRAPPING(op)      arithmetic on two values x and z of ELEMENT
//   IS_REAL           1 for floating point

// Runs ACTION for every element with x from plane a and z from plane b, at `y[c]` of its row. Unit and zero strides
// along the row are told apart so that the compiler sees them.
#define PLANE_LOOPS(OUTPUT, EXPRESSION)                                                                       \
  for (size_t r = 0; r < rows; r++) {                                                                         \
    const ELEMENT *pa = (const ELEMENT *)a.start + (ptrdiff_t)r * a.row_stride;                               \
    const ELEMENT *pb = (const ELEMENT *)b.start + (ptrdiff_t)r * b.row_stride;                               \
    OUTPUT *py = (OUTPUT *)y + r * columns;                                                                   \
    if (a.column_stride == 1 && b.column_stride == 1) {                                                       \
      VECTOR for (size_t c = 0; c < columns; c++) {                                                           \
        const ELEMENT x = pa[c], z = pb[c];                                                                   \
        py[c] = (EXPRESSION);                                                                                 \
      }                                                                                                       \
    } else if (a.column_stride == 1 && b.column_stride == 0) {                                                \
      const ELEMENT z = *pb;                                                                                  \
      VECTOR for (size_t c = 0; c < columns; c++) {                                                           \
        const ELEMENT x = pa[c];                                                                              \
        py[c] = (EXPRESSION);                                                                                 \
      }                                                                                                       \
    } else if (a.column_stride == 0 && b.column_stride == 1) {                                                \
      const ELEMENT x = *pa;                                                                                  \
      VECTOR for (size_t c = 0; c < columns; c++) {                                                           \
        const ELEMENT z = pb[c];                                                                              \
        py[c] = (EXPRESSION);                                                                                 \
      }                                                                                                       \
    } else {                                                                                                  \
      for (size_t c = 0; c < columns; c++) {                                                                  \
        const ELEMENT x = pa[(ptrdiff_t)c * a.column_stride], z = pb[(ptrdiff_t)c * b.column_stride];         \
        py[c] = (EXPRESSION);                                                                                 \
      }                                                                                                       \
    }                                                                                                         \
  }                                                                                                           \
  break

// The same with what cannot become vectors.
#define PLANE_CALLS(EXPRESSION)                                                                               \
  for (size_t r = 0; r < rows; r++) {                                                                         \
    const ELEMENT *pa = (const ELEMENT *)a.start + (ptrdiff_t)r * a.row_stride;                               \
    const ELEMENT *pb = (const ELEMENT *)b.start + (ptrdiff_t)r * b.row_stride;                               \
    ELEMENT *py = (ELEMENT *)y + r * columns;                                                                 \
    for (size_t c = 0; c < columns; c++) {                                                                    \
      const ELEMENT x = pa[(ptrdiff_t)c * a.column_stride], z = pb[(ptrdiff_t)c * b.column_stride];           \
      py[c] = (EXPRESSION);                                                                                   \
    }                                                                                                         \
  }                                                                                                           \
  break

#if IS_REAL
static inline ELEMENT NAME(remainder)(ELEMENT x, ELEMENT z) {
  const ELEMENT rest = M_LIBRARY(fmod)(x, z);
  return rest != 0 && (rest < 0) != (z < 0) ? rest + z : rest;
}
#endif

static void NAME(binary)(
    martlet_binary operation, martlet_plane a, martlet_plane b, void *y, size_t rows, size_t columns) {
  switch (operation) {
  case MARTLET_ADD: PLANE_LOOPS(ELEMENT, WRAPPING(+));
  case MARTLET_SUBTRACT: PLANE_LOOPS(ELEMENT, WRAPPING(-));
  case MARTLET_MULTIPLY: PLANE_LOOPS(ELEMENT, WRAPPING(*));
#if IS_REAL
  case MARTLET_DIVIDE: PLANE_LOOPS(ELEMENT, x / z);
  case MARTLET_MAXIMUM: PLANE_LOOPS(ELEMENT, ((x > z) | (x != x)) ? x : z);
  case MARTLET_MINIMUM: PLANE_LOOPS(ELEMENT, ((x < z) | (x != x)) ? x : z);
  case MARTLET_POWER: PLANE_CALLS(M_POW(x, z));
  case MARTLET_REMAINDER: PLANE_CALLS(NAME(remainder)(x, z));
  case MARTLET_TRUNCATED_REMAINDER: PLANE_CALLS(M_LIBRARY(fmod)(x, z));
  case MARTLET_PARAMETRIC_RELU: PLANE_LOOPS(ELEMENT, x > 0 ? x : x * z);
  case MARTLET_TRUNCATED_QUOTIENT:
  case MARTLET_BITWISE_AND:
  case MARTLET_BITWISE_OR:
  case MARTLET_BITWISE_XOR:
  case MARTLET_SHIFT_LEFT:
  case MARTLET_SHIFT_RIGHT: break;
#else
  case MARTLET_MAXIMUM: PLANE_LOOPS(ELEMENT, x > z ? x : z);
  case MARTLET_MINIMUM: PLANE_LOOPS(ELEMENT, x < z ? x : z);
  case MARTLET_POWER: PLANE_CALLS(NAME(power)(x, z));
  case MARTLET_REMAINDER: PLANE_CALLS(NAME(remainder)(x, z));
  case MARTLET_TRUNCATED_REMAINDER: PLANE_CALLS(NAME(truncated_remainder)(x, z));
  case MARTLET_PARAMETRIC_RELU: PLANE_LOOPS(ELEMENT, x > 0 ? x : NAME(product)(x, z));
  case MARTLET_TRUNCATED_QUOTIENT: PLANE_CALLS(NAME(quotient)(x, z));
  case MARTLET_BITWISE_AND: PLANE_LOOPS(ELEMENT, x & z);
  case MARTLET_BITWISE_OR: PLANE_LOOPS(ELEMENT, x | z);
  case MARTLET_BITWISE_XOR: PLANE_LOOPS(ELEMENT, x ^ z);
  case MARTLET_SHIFT_LEFT: PLANE_CALLS(NAME(left)(x, z));
  case MARTLET_SHIFT_RIGHT: PLANE_CALLS(NAME(right)(x, z));
  case MARTLET_DIVIDE: break;
#endif
  }
}

static void NAME(compare)(
    martlet_comparison operation, martlet_plane a, martlet_plane b, uint8_t *y, size_t rows, size_t columns) {
  switch (operation) {
  case MARTLET_EQUAL: PLANE_LOOPS(uint8_t, x == z);
  case MARTLET_NOT_EQUAL: PLANE_LOOPS(uint8_t, x != z);
  case MARTLET_LESS: PLANE_LOOPS(uint8_t, x < z);
  case MARTLET_LESS_EQUAL: PLANE_LOOPS(uint8_t, x <= z);
  case MARTLET_GREATER: PLANE_LOOPS(uint8_t, x > z);
  case MARTLET_GREATER_EQUAL: PLANE_LOOPS(uint8_t, x >= z);
  case MARTLET_AND: PLANE_LOOPS(uint8_t, (x != 0) & (z != 0));
  case MARTLET_OR: PLANE_LOOPS(uint8_t, (x != 0) | (z != 0));
  }
}
#undef PLANE_LOOPS
#undef PLANE_CALLS

static void NAME(select)(
    martlet_plane condition, martlet_plane a, martlet_plane b, void *y, size_t rows, size_t columns) {
  for (size_t r = 0; r < rows; r++) {
    const uint8_t *pc = (const uint8_t *)condition.start + (ptrdiff_t)r * condition.row_stride;
    const ELEMENT *pa = (const ELEMENT *)a.start + (ptrdiff_t)r * a.row_stride;
    const ELEMENT *pb = (const ELEMENT *)b.start + (ptrdiff_t)r * b.row_stride;
    ELEMENT *py = (ELEMENT *)y + r * columns;
    for (size_t c = 0; c < columns; c++) {
      const ELEMENT x = pa[(ptrdiff_t)c * a.column_stride], z = pb[(ptrdiff_t)c * b.column_stride];
      py[c] = pc[(ptrdiff_t)c * condition.column_stride] ? x : z;
    }
  }
}

static void NAME(copy)(martlet_plane x, void *y, size_t rows, size_t columns, double scale) {
#if IS_REAL
  const ELEMENT factor = (ELEMENT)scale;
#define COPIED(v) ((v) * factor)
#else
  (void)scale;
#define COPIED(v) (v)
#endif
  for (size_t r = 0; r < rows; r++) {
    const ELEMENT *px = (const ELEMENT *)x.start + (ptrdiff_t)r * x.row_stride;
    ELEMENT *py = (ELEMENT *)y + r * columns;
    if (x.column_stride == 1) {
      VECTOR for (size_t c = 0; c < columns; c++) py[c] = COPIED(px[c]);
    } else if (x.column_stride == 0) {
      const ELEMENT v = COPIED(*px);
      VECTOR for (size_t c = 0; c < columns; c++) py[c] = v;
    } else {
      for (size_t c = 0; c < columns; c++) py[c] = COPIED(px[(ptrdiff_t)c * x.column_stride]);
    }
  }
#undef COPIED
}
