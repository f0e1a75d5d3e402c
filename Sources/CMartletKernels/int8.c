#include "martlet_int8.h"
#include "gemm_heights.h"
#include "martlet_masks.h"

#include <stddef.h>

// MARK: Rounding

// The nearest whole number in -limit…limit, ties to even; -limit for what is not a number. Limits lie below 2^22.
static inline __attribute__((always_inline)) int32_t nearest_within(float x, float limit) {
  const float floored = x >= -limit ? x : -limit;
  const float clamped = floored <= limit ? floored : limit;
  // From here on floats are whole numbers, the lower bits of which are those of the number.
  const float shifted = clamped + 0x1.8p23f;
  int32_t bits;
  __builtin_memcpy(&bits, &shifted, sizeof bits);
  return bits - 0x4b400000;
}

int martlet_quantized_weight(float weight, float inverse) { return nearest_within(weight * inverse, 127); }

void martlet_pack_weights_int8(const martlet_weight_panel *panel, long neighbour, const float *inverses) {
  int8_t *to = panel->panel;
  for (long t = 0; t < panel->taps; t++)
    for (long c = 0; c < panel->channels; c++) {
      const float *first = (const float *)panel->weights + panel->tap_offsets[t] + panel->channel_offsets[c];
      for (long n = 0; n < panel->columns; n++)
        for (long i = 0; i < 4; i++)
          *to++ = (int8_t)martlet_quantized_weight(first[panel->column_offsets[n] + i * neighbour], inverses[n]);
      for (long n = 4 * panel->columns; n < 4 * panel->width; n++) *to++ = 0;
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
#define NAME(x) portable_int8_##x
// Shifted up as numbers without a sign, and down as numbers with one.
#define PRODUCTS(a, b, byte)              \
  ((a) >> (8 * (byte)) & 0xff) *          \
      ((NAME(integers))((NAME(operands))(b) << (24 - 8 * (byte))) >> 24)
#define ADD_QUADS(a, b, c) \
  ((c) + PRODUCTS(a, b, 0) + PRODUCTS(a, b, 1) + PRODUCTS(a, b, 2) + PRODUCTS(a, b, 3))
#include "int8_body.h"
#undef LANES
#undef HEIGHT
#undef HEIGHTS
#undef NARROW_HEIGHT
#undef NARROW_HEIGHTS
#undef NAME
#undef PRODUCTS
#undef ADD_QUADS

// MARK: AVX-512 VNNI

#if defined(MARTLET_BUILDS_AVX512)
#pragma clang attribute push(__attribute__((target(MARTLET_TARGET_AVX512 ",avx512vnni"))), apply_to = function)
#define LANES 16
#define HEIGHT 12
#define HEIGHTS HEIGHTS_12
#define NARROW_HEIGHT 12
#define NARROW_HEIGHTS HEIGHTS_12
#define NAME(x) avx512_int8_##x
#define MASKED_LOAD MASKED_LOAD_FLOAT
#define MASKED_STORE MASKED_STORE_FLOAT
#define ADD_QUADS(a, b, c) \
  ((NAME(integers))_mm512_dpbusd_epi32((__m512i)(c), (__m512i)(a), (__m512i)(b)))
#include "int8_body.h"
#pragma clang attribute pop
#endif

int martlet_int8_supported(martlet_isa isa) {
#if defined(MARTLET_BUILDS_AVX512)
  return isa == MARTLET_ISA_AVX512 && martlet_isa_supported(isa) && __builtin_cpu_supports("avx512vnni");
#else
  return 0;
#endif
}

const martlet_int8_kernels *martlet_int8_table(martlet_isa isa) {
#if defined(MARTLET_BUILDS_AVX512)
  if (martlet_int8_supported(isa)) return &avx512_int8_kernels;
#endif
  return &portable_int8_kernels;
}
