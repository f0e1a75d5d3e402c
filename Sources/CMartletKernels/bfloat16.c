#include "martlet_bfloat16.h"
#include "gemm_heights.h"
#include "martlet_masks.h"

#include <math.h>
#include <stddef.h>

// MARK: Rounding

// Written without branches, so that loops over it become vectors.
static inline uint32_t rounded_bits(uint32_t bits) {
  const uint32_t magnitude = bits & 0x7fffffff;
  const uint32_t nearest = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  // Quiet, with what is left of its payload.
  const uint32_t not_a_number = bits >> 16 | 0x40;
  const uint32_t zero = bits >> 16 & 0x8000;
  return magnitude > 0x7f800000 ? not_a_number : magnitude < 0x00800000 ? zero : nearest;
}

static inline uint16_t rounded(float x) {
  uint32_t bits;
  __builtin_memcpy(&bits, &x, sizeof bits);
  return (uint16_t)rounded_bits(bits);
}

void martlet_round_pairs(const float *even, const float *odd, uint16_t *pairs, long count) {
  for (long i = 0; i < count; i++) {
    pairs[2 * i] = rounded(even[i]);
    pairs[2 * i + 1] = rounded(odd[i]);
  }
}

void martlet_pack_weights_bfloat16(const martlet_weight_panel *panel, long neighbour) {
  uint16_t *to = panel->panel;
  for (long t = 0; t < panel->taps; t++)
    for (long c = 0; c < panel->channels; c++) {
      const float *first = (const float *)panel->weights + panel->tap_offsets[t] + panel->channel_offsets[c];
      for (long n = 0; n < panel->columns; n++) {
        *to++ = rounded(first[panel->column_offsets[n]]);
        *to++ = rounded(first[panel->column_offsets[n] + neighbour]);
      }
      for (long n = panel->columns; n < panel->width; n++) {
        *to++ = 0;
        *to++ = 0;
      }
    }
}

// MARK: Portable kernels

#define REAL float
#define VECTORS 2
#define UNROLL_STEPS 4

#define LANES 4
#define HEIGHT 4
#define HEIGHTS HEIGHTS_4
#define NARROW_HEIGHT 6
#define NARROW_HEIGHTS HEIGHTS_6
#define NAME(x) portable_bf16_##x
#define FMA(a, b, c) ((a) * (b) + (c))
#define UPPER_NUMBERS(pairs) ((NAME(vector))((pairs) & 0xffff0000u))
#define LOWER_NUMBERS(pairs) ((NAME(vector))((pairs) << 16))
#define PAIRS_FMA(a, b, c) \
  (LOWER_NUMBERS(a) * LOWER_NUMBERS(b) + (UPPER_NUMBERS(a) * UPPER_NUMBERS(b) + (c)))
#define STORE_ROUNDED(p, v, lanes)                                                                     \
  for (int lane = 0; lane < (lanes); lane++) (p)[lane] = rounded((v)[lane])
#include "bfloat16_body.h"
#undef LANES
#undef HEIGHT
#undef HEIGHTS
#undef NARROW_HEIGHT
#undef NARROW_HEIGHTS
#undef NAME
#undef FMA
#undef PAIRS_FMA
#undef STORE_ROUNDED

// MARK: AVX-512 BF16

#if defined(MARTLET_BUILDS_AVX512)
#pragma clang attribute push(__attribute__((target(MARTLET_TARGET_AVX512 ",avx512bf16"))), apply_to = function)
#define LANES 16
#define HEIGHT 12
#define HEIGHTS HEIGHTS_12
#define NARROW_HEIGHT 12
#define NARROW_HEIGHTS HEIGHTS_12
#define NAME(x) avx512_bf16_##x
#define MASKED_LOAD MASKED_LOAD_FLOAT
#define MASKED_STORE MASKED_STORE_FLOAT
#define FMA(a, b, c) __builtin_elementwise_fma(a, b, c)
#define PAIRS_FMA(a, b, c) \
  ((NAME(vector))_mm512_dpbf16_ps((__m512)(c), (__m512bh)(a), (__m512bh)(b)))
#define STORE_ROUNDED(p, v, lanes)                                                                     \
  _mm256_mask_storeu_epi16(                                                                            \
      p, (__mmask16)((1u << (lanes)) - 1), (__m256i)_mm512_cvtneps_pbh((__m512)(v)))
#include "bfloat16_body.h"
#pragma clang attribute pop
#endif

int martlet_bfloat16_supported(martlet_isa isa) {
#if defined(MARTLET_BUILDS_AVX512)
  return isa == MARTLET_ISA_AVX512 && martlet_isa_supported(isa) && __builtin_cpu_supports("avx512bf16");
#else
  return 0;
#endif
}

const martlet_bfloat16_kernels *martlet_bfloat16_table(martlet_isa isa) {
#if defined(MARTLET_BUILDS_AVX512)
  if (martlet_bfloat16_supported(isa)) return &avx512_bf16_kernels;
#endif
  return &portable_bf16_kernels;
}
