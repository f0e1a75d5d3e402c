#include "martlet_random.h"

// Fused multiply-adds would round differently where there are none: initial weights are the same on every machine.
#pragma STDC FP_CONTRACT OFF

#define BODY "random_body.h"
#include "elementwise_sets.h"

const martlet_random_table_t *martlet_random_table(martlet_isa isa, int is_double) { RETURN_TABLE(isa, is_double) }
