// The one-dimensional transforms of Winograd's convolutions F(4,3), F(3,3), F(2,3), F(4,2) and F(3,4), included once for
// each instruction set with
//   NAME(x)          the name of x in this set      NAME(vector)  its vector of floats
//   NAME(splat)(x)   x in every lane                FMA(a, b, c)  a * b + c on vectors
//
// m outputs y of a correlation of m + r - 1 inputs d with r weights g are y = Aᵀ[(G g) ∘ (Bᵀ d)]. The matrices come
// from evaluating polynomials at points x and infinity:
//   A   [x⁰ … x^(m-1)] a row,   G   [x⁰ … x^(r-1)] / N(x) a row,  N(x) the product of x - y over the other points y,
//   Bᵀ  the coefficients of the product of (t - y) over the other points y, in rising order; for infinity, over all.
//
// F(2,3) takes the points 0, ±1. F(4,3) takes 0, ±5/8, ±3/2: every coefficient of A and B is then exact in float32,
// and the rounding error of a layer is less than half (largest errors: a quarter) of that with the usual 0, ±1, ±2.
// So it is with the points of F(3,3) and F(4,2), ±3/8 and ±5/4, compared with 0, ±1, 2.
//
// A function reads a column of m + r - 1 (or m, or r) vectors and writes another; the two may not overlap.

#define INLINE static inline __attribute__((always_inline))
#define S(x) NAME(splat)((float)(x))

// Squares of the points P and Q, which each tile has its own of.
#define P2 (P * P)
#define Q2 (Q * Q)

// MARK: F(4,3)

#define P (5.0 / 8)
#define Q (3.0 / 2)
// N at 0, ±P, ±Q.
#define N0 (P2 * Q2)
#define NP (2 * P2 * (P2 - Q2))
#define NQ (2 * Q2 * (Q2 - P2))

// Bᵀ d: 6 inputs to 6 frequencies.
INLINE void NAME(input_43)(const NAME(vector) *d, NAME(vector) *to) {
  to[0] = FMA(S(P2 * Q2), d[0], FMA(S(-P2 - Q2), d[2], d[4]));
  to[5] = FMA(S(P2 * Q2), d[1], FMA(S(-P2 - Q2), d[3], d[5]));
  const NAME(vector) even_p = FMA(S(-Q2), d[2], d[4]), odd_p = FMA(S(-Q2), d[1], d[3]);
  to[1] = FMA(S(P), odd_p, even_p);
  to[2] = FMA(S(-P), odd_p, even_p);
  const NAME(vector) even_q = FMA(S(-P2), d[2], d[4]), odd_q = FMA(S(-P2), d[1], d[3]);
  to[3] = FMA(S(Q), odd_q, even_q);
  to[4] = FMA(S(-Q), odd_q, even_q);
}

// Aᵀ m: 6 frequencies to 4 outputs.
INLINE void NAME(output_43)(const NAME(vector) *m, NAME(vector) *to) {
  const NAME(vector) even_p = m[1] + m[2], odd_p = m[1] - m[2];
  const NAME(vector) even_q = m[3] + m[4], odd_q = m[3] - m[4];
  to[0] = m[0] + (even_p + even_q);
  to[1] = FMA(S(P), odd_p, S(Q) * odd_q);
  to[2] = FMA(S(P2), even_p, S(Q2) * even_q);
  to[3] = FMA(S(P * P2), odd_p, FMA(S(Q * Q2), odd_q, m[5]));
}

// G g: 3 weights to 6 frequencies.
INLINE void NAME(weight_43)(const NAME(vector) *g, NAME(vector) *to) {
  to[0] = S(1 / N0) * g[0];
  const NAME(vector) even_p = FMA(S(P2 / NP), g[2], S(1 / NP) * g[0]);
  to[1] = FMA(S(P / NP), g[1], even_p);
  to[2] = FMA(S(-P / NP), g[1], even_p);
  const NAME(vector) even_q = FMA(S(Q2 / NQ), g[2], S(1 / NQ) * g[0]);
  to[3] = FMA(S(Q / NQ), g[1], even_q);
  to[4] = FMA(S(-Q / NQ), g[1], even_q);
  to[5] = g[2];
}

// A y: 4 output gradients to 6 frequencies.
INLINE void NAME(output_gradient_43)(const NAME(vector) *y, NAME(vector) *to) {
  to[0] = y[0];
  const NAME(vector) even_p = FMA(S(P2), y[2], y[0]), odd_p = FMA(S(P2), y[3], y[1]);
  to[1] = FMA(S(P), odd_p, even_p);
  to[2] = FMA(S(-P), odd_p, even_p);
  const NAME(vector) even_q = FMA(S(Q2), y[2], y[0]), odd_q = FMA(S(Q2), y[3], y[1]);
  to[3] = FMA(S(Q), odd_q, even_q);
  to[4] = FMA(S(-Q), odd_q, even_q);
  to[5] = y[3];
}

// Gᵀ u: 6 frequencies to 3 weight gradients.
INLINE void NAME(weight_gradient_43)(const NAME(vector) *u, NAME(vector) *to) {
  const NAME(vector) even_p = u[1] + u[2], odd_p = u[1] - u[2];
  const NAME(vector) even_q = u[3] + u[4], odd_q = u[3] - u[4];
  to[0] = FMA(S(1 / N0), u[0], FMA(S(1 / NP), even_p, S(1 / NQ) * even_q));
  to[1] = FMA(S(P / NP), odd_p, S(Q / NQ) * odd_q);
  to[2] = FMA(S(P2 / NP), even_p, FMA(S(Q2 / NQ), even_q, u[5]));
}

// MARK: F(3,4), with the points of F(4,3)

// Bᵀ d: 6 inputs to 6 frequencies.
INLINE void NAME(input_34)(const NAME(vector) *d, NAME(vector) *to) { NAME(input_43)(d, to); }

// Aᵀ m: 6 frequencies to 3 outputs.
INLINE void NAME(output_34)(const NAME(vector) *m, NAME(vector) *to) {
  const NAME(vector) even_p = m[1] + m[2], odd_p = m[1] - m[2];
  const NAME(vector) even_q = m[3] + m[4], odd_q = m[3] - m[4];
  to[0] = m[0] + (even_p + even_q);
  to[1] = FMA(S(P), odd_p, S(Q) * odd_q);
  to[2] = FMA(S(P2), even_p, FMA(S(Q2), even_q, m[5]));
}

// G g: 4 weights to 6 frequencies.
INLINE void NAME(weight_34)(const NAME(vector) *g, NAME(vector) *to) {
  to[0] = S(1 / N0) * g[0];
  const NAME(vector) even_p = FMA(S(P2 / NP), g[2], S(1 / NP) * g[0]);
  const NAME(vector) odd_p = FMA(S(P * P2 / NP), g[3], S(P / NP) * g[1]);
  to[1] = even_p + odd_p;
  to[2] = even_p - odd_p;
  const NAME(vector) even_q = FMA(S(Q2 / NQ), g[2], S(1 / NQ) * g[0]);
  const NAME(vector) odd_q = FMA(S(Q * Q2 / NQ), g[3], S(Q / NQ) * g[1]);
  to[3] = even_q + odd_q;
  to[4] = even_q - odd_q;
  to[5] = g[3];
}

// A y: 3 output gradients to 6 frequencies.
INLINE void NAME(output_gradient_34)(const NAME(vector) *y, NAME(vector) *to) {
  to[0] = y[0];
  const NAME(vector) even_p = FMA(S(P2), y[2], y[0]);
  to[1] = FMA(S(P), y[1], even_p);
  to[2] = FMA(S(-P), y[1], even_p);
  const NAME(vector) even_q = FMA(S(Q2), y[2], y[0]);
  to[3] = FMA(S(Q), y[1], even_q);
  to[4] = FMA(S(-Q), y[1], even_q);
  to[5] = y[2];
}

// Gᵀ u: 6 frequencies to 4 weight gradients.
INLINE void NAME(weight_gradient_34)(const NAME(vector) *u, NAME(vector) *to) {
  const NAME(vector) even_p = u[1] + u[2], odd_p = u[1] - u[2];
  const NAME(vector) even_q = u[3] + u[4], odd_q = u[3] - u[4];
  to[0] = FMA(S(1 / N0), u[0], FMA(S(1 / NP), even_p, S(1 / NQ) * even_q));
  to[1] = FMA(S(P / NP), odd_p, S(Q / NQ) * odd_q);
  to[2] = FMA(S(P2 / NP), even_p, S(Q2 / NQ) * even_q);
  to[3] = FMA(S(P * P2 / NP), odd_p, FMA(S(Q * Q2 / NQ), odd_q, u[5]));
}

#undef P
#undef Q
#undef N0
#undef NP
#undef NQ

// MARK: F(3,3)

#define P (3.0 / 8)
#define Q (5.0 / 4)
// N at P and Q; at −P and −Q it has the other sign.
#define NP (2 * P * (P2 - Q2))
#define NQ (2 * Q * (Q2 - P2))

// Bᵀ d: 5 inputs to 5 frequencies. The signs of the rows of −P and −Q are turned, here and in G.
INLINE void NAME(input_33)(const NAME(vector) *d, NAME(vector) *to) {
  const NAME(vector) even_p = FMA(S(-Q2), d[0], d[2]), odd_p = FMA(S(-Q2), d[1], d[3]);
  to[0] = FMA(S(P), even_p, odd_p);
  to[1] = FMA(S(P), even_p, -odd_p);
  const NAME(vector) even_q = FMA(S(-P2), d[0], d[2]), odd_q = FMA(S(-P2), d[1], d[3]);
  to[2] = FMA(S(Q), even_q, odd_q);
  to[3] = FMA(S(Q), even_q, -odd_q);
  to[4] = FMA(S(P2 * Q2), d[0], FMA(S(-P2 - Q2), d[2], d[4]));
}

// Aᵀ m: 5 frequencies to 3 outputs.
INLINE void NAME(output_33)(const NAME(vector) *m, NAME(vector) *to) {
  const NAME(vector) even_p = m[0] + m[1], odd_p = m[0] - m[1];
  const NAME(vector) even_q = m[2] + m[3], odd_q = m[2] - m[3];
  to[0] = even_p + even_q;
  to[1] = FMA(S(P), odd_p, S(Q) * odd_q);
  to[2] = FMA(S(P2), even_p, FMA(S(Q2), even_q, m[4]));
}

// G g: 3 weights to 5 frequencies.
INLINE void NAME(weight_33)(const NAME(vector) *g, NAME(vector) *to) {
  const NAME(vector) even_p = FMA(S(P2 / NP), g[2], S(1 / NP) * g[0]);
  to[0] = FMA(S(P / NP), g[1], even_p);
  to[1] = FMA(S(-P / NP), g[1], even_p);
  const NAME(vector) even_q = FMA(S(Q2 / NQ), g[2], S(1 / NQ) * g[0]);
  to[2] = FMA(S(Q / NQ), g[1], even_q);
  to[3] = FMA(S(-Q / NQ), g[1], even_q);
  to[4] = g[2];
}

// A y: 3 output gradients to 5 frequencies.
INLINE void NAME(output_gradient_33)(const NAME(vector) *y, NAME(vector) *to) {
  const NAME(vector) even_p = FMA(S(P2), y[2], y[0]);
  to[0] = FMA(S(P), y[1], even_p);
  to[1] = FMA(S(-P), y[1], even_p);
  const NAME(vector) even_q = FMA(S(Q2), y[2], y[0]);
  to[2] = FMA(S(Q), y[1], even_q);
  to[3] = FMA(S(-Q), y[1], even_q);
  to[4] = y[2];
}

// Gᵀ u: 5 frequencies to 3 weight gradients.
INLINE void NAME(weight_gradient_33)(const NAME(vector) *u, NAME(vector) *to) {
  const NAME(vector) even_p = u[0] + u[1], odd_p = u[0] - u[1];
  const NAME(vector) even_q = u[2] + u[3], odd_q = u[2] - u[3];
  to[0] = FMA(S(1 / NP), even_p, S(1 / NQ) * even_q);
  to[1] = FMA(S(P / NP), odd_p, S(Q / NQ) * odd_q);
  to[2] = FMA(S(P2 / NP), even_p, FMA(S(Q2 / NQ), even_q, u[4]));
}

// MARK: F(4,2), with the points of F(3,3)

// Bᵀ d: 5 inputs to 5 frequencies.
INLINE void NAME(input_42)(const NAME(vector) *d, NAME(vector) *to) { NAME(input_33)(d, to); }

// Aᵀ m: 5 frequencies to 4 outputs.
INLINE void NAME(output_42)(const NAME(vector) *m, NAME(vector) *to) {
  const NAME(vector) even_p = m[0] + m[1], odd_p = m[0] - m[1];
  const NAME(vector) even_q = m[2] + m[3], odd_q = m[2] - m[3];
  to[0] = even_p + even_q;
  to[1] = FMA(S(P), odd_p, S(Q) * odd_q);
  to[2] = FMA(S(P2), even_p, S(Q2) * even_q);
  to[3] = FMA(S(P * P2), odd_p, FMA(S(Q * Q2), odd_q, m[4]));
}

// G g: 2 weights to 5 frequencies.
INLINE void NAME(weight_42)(const NAME(vector) *g, NAME(vector) *to) {
  const NAME(vector) even_p = S(1 / NP) * g[0], even_q = S(1 / NQ) * g[0];
  to[0] = FMA(S(P / NP), g[1], even_p);
  to[1] = FMA(S(-P / NP), g[1], even_p);
  to[2] = FMA(S(Q / NQ), g[1], even_q);
  to[3] = FMA(S(-Q / NQ), g[1], even_q);
  to[4] = g[1];
}

// A y: 4 output gradients to 5 frequencies.
INLINE void NAME(output_gradient_42)(const NAME(vector) *y, NAME(vector) *to) {
  const NAME(vector) even_p = FMA(S(P2), y[2], y[0]), odd_p = FMA(S(P2), y[3], y[1]);
  to[0] = FMA(S(P), odd_p, even_p);
  to[1] = FMA(S(-P), odd_p, even_p);
  const NAME(vector) even_q = FMA(S(Q2), y[2], y[0]), odd_q = FMA(S(Q2), y[3], y[1]);
  to[2] = FMA(S(Q), odd_q, even_q);
  to[3] = FMA(S(-Q), odd_q, even_q);
  to[4] = y[3];
}

// Gᵀ u: 5 frequencies to 2 weight gradients.
INLINE void NAME(weight_gradient_42)(const NAME(vector) *u, NAME(vector) *to) {
  to[0] = FMA(S(1 / NP), u[0] + u[1], S(1 / NQ) * (u[2] + u[3]));
  to[1] = FMA(S(P / NP), u[0] - u[1], FMA(S(Q / NQ), u[2] - u[3], u[4]));
}

#undef P
#undef Q
#undef P2
#undef Q2
#undef NP
#undef NQ

// MARK: F(2,3)

// Bᵀ d: 4 inputs to 4 frequencies. The sign of the row of point 0 is turned, here and in G.
INLINE void NAME(input_23)(const NAME(vector) *d, NAME(vector) *to) {
  to[0] = d[0] - d[2];
  to[1] = d[1] + d[2];
  to[2] = d[2] - d[1];
  to[3] = d[3] - d[1];
}

// Aᵀ m: 4 frequencies to 2 outputs.
INLINE void NAME(output_23)(const NAME(vector) *m, NAME(vector) *to) {
  to[0] = m[0] + (m[1] + m[2]);
  to[1] = m[3] + (m[1] - m[2]);
}

// G g: 3 weights to 4 frequencies.
INLINE void NAME(weight_23)(const NAME(vector) *g, NAME(vector) *to) {
  to[0] = g[0];
  const NAME(vector) even = S(0.5) * (g[0] + g[2]);
  to[1] = FMA(S(0.5), g[1], even);
  to[2] = FMA(S(-0.5), g[1], even);
  to[3] = g[2];
}

// A y: 2 output gradients to 4 frequencies.
INLINE void NAME(output_gradient_23)(const NAME(vector) *y, NAME(vector) *to) {
  to[0] = y[0];
  to[1] = y[0] + y[1];
  to[2] = y[0] - y[1];
  to[3] = y[1];
}

// Gᵀ u: 4 frequencies to 3 weight gradients.
INLINE void NAME(weight_gradient_23)(const NAME(vector) *u, NAME(vector) *to) {
  const NAME(vector) even = S(0.5) * (u[1] + u[2]);
  to[0] = u[0] + even;
  to[1] = S(0.5) * (u[1] - u[2]);
  to[2] = u[3] + even;
}

#undef S
#undef INLINE
