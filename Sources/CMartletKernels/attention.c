#include "martlet_attention.h"

#define BODY "attention_body.h"
#include "elementwise_sets.h"

const martlet_attention_table_t *martlet_attention_table(martlet_isa isa, int is_double) { RETURN_TABLE(isa, is_double) }
