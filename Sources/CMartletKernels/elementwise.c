#include "martlet_elementwise.h"

#define BODY "elementwise_body.h"
#include "elementwise_sets.h"

// Integers: the portable code only, with arithmetic that wraps around.
#define VECTOR _Pragma("clang loop vectorize(assume_safety)")
#define IS_REAL 0

#define NAME(x) x##_i32
#define ELEMENT int32_t
#define WRAPPING(op) (int32_t)((uint32_t)x op(uint32_t) z)
#include "elementwise_whole_body.h"
#include "elementwise_plane_body.h"
#undef NAME
#undef ELEMENT
#undef WRAPPING

#define NAME(x) x##_i64
#define ELEMENT int64_t
#define WRAPPING(op) (int64_t)((uint64_t)x op(uint64_t) z)
#include "elementwise_whole_body.h"
#include "elementwise_plane_body.h"
#undef NAME
#undef ELEMENT
#undef WRAPPING

#define NAME(x) x##_u8
#define ELEMENT uint8_t
#define WRAPPING(op) (uint8_t)((uint32_t)x op(uint32_t) z)
#include "elementwise_whole_body.h"
#include "elementwise_plane_body.h"
#undef NAME
#undef ELEMENT
#undef WRAPPING

static const martlet_elementwise_table_t table_i32 = {unary_i32, 0, binary_i32, compare_i32, select_i32, copy_i32, 0};
static const martlet_elementwise_table_t table_i64 = {unary_i64, 0, binary_i64, compare_i64, select_i64, copy_i64, 0};
static const martlet_elementwise_table_t table_u8 = {unary_u8, 0, binary_u8, compare_u8, select_u8, copy_u8, 0};

const martlet_elementwise_table_t *martlet_elementwise_table(martlet_isa isa, martlet_scalar scalar) {
  switch (scalar) {
  case MARTLET_I32: return &table_i32;
  case MARTLET_I64: return &table_i64;
  case MARTLET_U8:
  case MARTLET_BOOL: return &table_u8;
  case MARTLET_F32:
  case MARTLET_F64: break;
  }
  RETURN_TABLE(isa, scalar == MARTLET_F64)
}
