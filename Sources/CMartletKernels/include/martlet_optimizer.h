#ifndef MARTLET_OPTIMIZER_H
#define MARTLET_OPTIMIZER_H

#include "martlet_isa.h"

#include <stddef.h>

typedef struct {
  double learning_rate, gradient_scale, weight_decay, momentum, dampening;
  int nesterov;
  // The first step sets the momentum buffer to the gradient.
  int is_first;
} martlet_sgd;

typedef struct {
  double learning_rate, gradient_scale, weight_decay, beta1, beta2, epsilon;
  // AdamW: the parameter itself decays, not the gradient.
  int decoupled;
  // 1 − β1^step and √(1 − β2^step)
  double bias1, root_bias2;
} martlet_adam;

// Optimizer steps of float or double, on n elements.
typedef struct {
  // `buffer` is null where there is no momentum.
  void (*_Nonnull sgd)(
      const martlet_sgd *_Nonnull, void *_Nonnull parameter, const void *_Nonnull gradient,
      void *_Nullable buffer, size_t n);
  void (*_Nonnull adam)(
      const martlet_adam *_Nonnull, void *_Nonnull parameter, const void *_Nonnull gradient, void *_Nonnull m,
      void *_Nonnull v, size_t n);
  // target = kept * target + added * value; with kept 0 the target is only written.
  void (*_Nonnull accumulate)(void *_Nonnull target, const void *_Nonnull value, double kept, double added, size_t n);
} martlet_optimizer_table_t;

const martlet_optimizer_table_t *_Nonnull martlet_optimizer_table(martlet_isa, int is_double);

#endif
