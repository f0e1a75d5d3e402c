// The body of the matrix kernels, included once for each instruction set and element type with
//   REAL     element type          LANES    elements of a vector
//   VECTORS  vectors of a panel    HEIGHT   rows of the largest tile
//   NARROW_HEIGHT  rows of the largest tile that is one vector wide
//   HEIGHTS(X), NARROW_HEIGHTS(X)  X(1) X(2) ... up to those rows
//   NAME(x)  the name of x in this set        FMA(a, b, c)  a * b + c on vectors

#include "vector_body.h"

#include "gemm_write_body.h"

#define OPERAND REAL
#define FOLDS 1
#include "gemm_tile_body.h"
#undef OPERAND
#undef FOLDS

#include "gemm_dots_body.h"

#include "gemm_outer_body.h"

static const martlet_gemm_kernels NAME(table) = {
    .height = HEIGHT,
    .width = LANES * VECTORS,
    .bytes_per_element = sizeof(REAL),
    .lanes = LANES,
    .multiply = NAME(multiply),
    .multiply_dots = NAME(multiply_dots),
    .add_outer_products = NAME(add_outer_products),
    .pack_left = NAME(pack_left),
    .pack_right = NAME(pack_right),
};
