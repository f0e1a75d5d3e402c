#ifndef MARTLET_ATTENTION_H
#define MARTLET_ATTENTION_H

#include "martlet_isa.h"

#include <stddef.h>

// What attention does between its matrix products, on one head's matrix of scores: a row a query, a column a key.
typedef struct {
  size_t queries;
  size_t keys;
  // Keys from here on are seen by no query.
  size_t visible;
  // Whether query i sees keys 0 … i only.
  int causal;
  // What scores are multiplied by.
  double scale;
} martlet_scores;

// Kernels for float or double. Matrices are `queries` × `keys` without gaps. `by_query` functions normalise over the
// keys, one sum a query; `by_key` functions over the queries, one sum a key, and see every key.
typedef struct {
  // x = softmax(scale · x), and each sum's logarithm: log Σ exp(scale · x).
  void (*_Nonnull normalize_by_query)(const martlet_scores *_Nonnull, void *_Nonnull x, void *_Nonnull log_sums);
  void (*_Nonnull normalize_by_key)(const martlet_scores *_Nonnull, void *_Nonnull x, void *_Nonnull log_sums);
  // x = exp(scale · x − log sum).
  void (*_Nonnull weigh_by_query)(const martlet_scores *_Nonnull, void *_Nonnull x, const void *_Nonnull log_sums);
  void (*_Nonnull weigh_by_key)(const martlet_scores *_Nonnull, void *_Nonnull x, const void *_Nonnull log_sums);
  // shifts = −Σ p · dp, for each query or each key: what normalising takes from the weights' gradients.
  void (*_Nonnull shift_by_query)(
      const martlet_scores *_Nonnull, const void *_Nonnull p, const void *_Nonnull dp, void *_Nonnull shifts);
  void (*_Nonnull shift_by_key)(
      const martlet_scores *_Nonnull, const void *_Nonnull p, const void *_Nonnull dp, void *_Nonnull shifts);
  // The scores' gradient, ds = scale · p · (dp + shift), on dp's place. Where there is no `dp` it is zero, and ds lies
  // on p's place.
  void (*_Nonnull slope_by_query)(
      const martlet_scores *_Nonnull, void *_Nonnull p, void *_Nullable dp, const void *_Nonnull shifts);
  void (*_Nonnull slope_by_key)(
      const martlet_scores *_Nonnull, void *_Nonnull p, void *_Nullable dp, const void *_Nonnull shifts);
} martlet_attention_table_t;

const martlet_attention_table_t *_Nonnull martlet_attention_table(martlet_isa, int is_double);

#endif
