#include "martlet_softmax.h"

#define BODY "softmax_body.h"
#include "elementwise_sets.h"

const martlet_softmax_table_t *martlet_softmax_table(martlet_isa isa, int is_double) { RETURN_TABLE(isa, is_double) }
