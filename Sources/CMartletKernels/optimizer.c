#include "martlet_optimizer.h"

#define BODY "optimizer_body.h"
#include "elementwise_sets.h"

const martlet_optimizer_table_t *martlet_optimizer_table(martlet_isa isa, int is_double) {
  RETURN_TABLE(isa, is_double)
}
