// Optimizer steps of one floating-point type and one instruction set; see elementwise_reals.h for the macros.

static void NAME(sgd)(const martlet_sgd *s, void *parameter_, const void *gradient_, void *buffer_, size_t n) {
  REAL *parameter = parameter_, *buffer = buffer_;
  const REAL *gradient = gradient_;
  const REAL rate = (REAL)s->learning_rate, scale = (REAL)s->gradient_scale, decay = (REAL)s->weight_decay;
  const REAL momentum = (REAL)s->momentum, damped = (REAL)(1 - s->dampening);
  if (!buffer) {
    VECTOR for (size_t i = 0; i < n; i++) {
      const REAL p = parameter[i];
      parameter[i] = p - rate * (gradient[i] * scale + decay * p);
    }
    return;
  }
  const REAL kept = s->is_first ? (REAL)0 : momentum, taken = s->is_first ? (REAL)1 : damped;
  // With Nesterov's step the gradient is added to the momentum that follows from it.
  const REAL ahead = s->nesterov ? momentum : (REAL)1, direct = s->nesterov ? (REAL)1 : (REAL)0;
  VECTOR for (size_t i = 0; i < n; i++) {
    const REAL p = parameter[i];
    const REAL g = gradient[i] * scale + decay * p;
    const REAL b = kept * buffer[i] + taken * g;
    buffer[i] = b;
    parameter[i] = p - rate * (direct * g + ahead * b);
  }
}

static void NAME(adam)(
    const martlet_adam *s, void *parameter_, const void *gradient_, void *m_, void *v_, size_t n) {
  REAL *parameter = parameter_, *m = m_, *v = v_;
  const REAL *gradient = gradient_;
  const REAL scale = (REAL)s->gradient_scale;
  const REAL shrink = s->decoupled ? (REAL)(1 - s->learning_rate * s->weight_decay) : (REAL)1;
  const REAL decay = s->decoupled ? (REAL)0 : (REAL)s->weight_decay;
  const REAL new1 = (REAL)(1 - s->beta1), beta2 = (REAL)s->beta2, new2 = (REAL)(1 - s->beta2);
  const REAL size = (REAL)(s->learning_rate / s->bias1), root = (REAL)s->root_bias2, epsilon = (REAL)s->epsilon;
  VECTOR for (size_t i = 0; i < n; i++) {
    const REAL p = parameter[i] * shrink;
    const REAL g = gradient[i] * scale + decay * p;
    const REAL first = m[i] + new1 * (g - m[i]);
    const REAL second = beta2 * v[i] + new2 * (g * g);
    m[i] = first;
    v[i] = second;
    parameter[i] = p - size * (first / (__builtin_elementwise_sqrt(second) / root + epsilon));
  }
}

static void NAME(accumulate)(void *target_, const void *value_, double kept_, double added_, size_t n) {
  REAL *target = target_;
  const REAL *value = value_;
  const REAL kept = (REAL)kept_, added = (REAL)added_;
  if (kept == 0) {
    // What is forgotten may be anything, not a number among it.
    VECTOR for (size_t i = 0; i < n; i++) target[i] = added * value[i];
    return;
  }
  if (kept_ + added_ == 1) {
    // An average: rounded weights would not add up to 1, and pull all of it towards 0 a little at each step.
    VECTOR for (size_t i = 0; i < n; i++) target[i] += added * (value[i] - target[i]);
    return;
  }
  VECTOR for (size_t i = 0; i < n; i++) target[i] = kept * target[i] + added * value[i];
}

static const martlet_optimizer_table_t NAME(table) = {NAME(sgd), NAME(adam), NAME(accumulate)};
