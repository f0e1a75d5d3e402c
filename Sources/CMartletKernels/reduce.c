#include "martlet_reduce.h"

void martlet_reduce_merge(martlet_reduction reduction, double *into, const double *part, size_t n) {
  switch (reduction) {
  case MARTLET_REDUCE_SUM:
  case MARTLET_REDUCE_SUM_OF_SQUARES:
    for (size_t i = 0; i < n; i++) into[i] += part[i];
    break;
  case MARTLET_REDUCE_MAXIMUM:
    for (size_t i = 0; i < n; i++) {
      into[i] = ((part[i] > into[i]) | (part[i] != part[i])) ? part[i] : into[i];
    }
    break;
  case MARTLET_REDUCE_MINIMUM:
    for (size_t i = 0; i < n; i++) {
      into[i] = ((part[i] < into[i]) | (part[i] != part[i])) ? part[i] : into[i];
    }
    break;
  case MARTLET_REDUCE_PRODUCT:
    for (size_t i = 0; i < n; i++) into[i] *= part[i];
    break;
  }
}

#define BODY "reduce_body.h"
#include "elementwise_sets.h"

const martlet_reduce_table_t *martlet_reduce_table(martlet_isa isa, int is_double) { RETURN_TABLE(isa, is_double) }
