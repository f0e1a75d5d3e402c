#include "martlet_softmax.h"

// Loops across rows of three cannot become vectors on every instruction set: a hint is all that is meant.
#pragma clang diagnostic ignored "-Wpass-failed"

#define BODY "softmax_body.h"
#include "elementwise_sets.h"

const martlet_softmax_table_t *martlet_softmax_table(martlet_isa isa, int is_double) { RETURN_TABLE(isa, is_double) }
