#include "martlet_crc32c.h"

#include <string.h>

#if defined(__x86_64__)
#include <nmmintrin.h>
#define STEP_8 _mm_crc32_u64
#define STEP_1 _mm_crc32_u8
#include <wmmintrin.h>
#define TARGET __attribute__((target("sse4.2,pclmul")))
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#define STEP_8 __crc32cd
#define STEP_1 __crc32cb
#define TARGET
#endif

#if defined(STEP_8)

// Every processor with AVX2 has SSE 4.2 and carry-less products.
int martlet_has_crc32c(martlet_isa isa) { return isa != MARTLET_ISA_PORTABLE && martlet_isa_supported(isa); }

TARGET static inline uint64_t word_at(const uint8_t *bytes) {
  uint64_t word;
  memcpy(&word, bytes, sizeof word);
  return word;
}

#if defined(__x86_64__)

enum { RUN = 4096 };

// The state after RUN more zero bytes: its product with x^(8 RUN), modulo the polynomial. A step multiplies by x^32 and
// reduces, a product of reflected numbers is one place off, so what is left for the factor is x^(8 RUN - 33).
TARGET static inline uint32_t after_zeros(uint32_t state) {
  const __m128i factor = _mm_cvtsi64_si128(0x82F89C77);
  const __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128(state), factor, 0);
  return (uint32_t)STEP_8(0, (uint64_t)_mm_cvtsi128_si64(product));
}

// Three runs at a time: a step takes three cycles, and one can begin in each. States add up, since all this is linear.
TARGET static const uint8_t *three_runs(uint32_t *state, const uint8_t *from, const uint8_t *end) {
  for (; end - from >= 3 * RUN; from += 3 * RUN) {
    uint64_t a = *state, b = 0, c = 0;
    for (long i = 0; i < RUN; i += 8) {
      a = STEP_8(a, word_at(from + i));
      b = STEP_8(b, word_at(from + RUN + i));
      c = STEP_8(c, word_at(from + 2 * RUN + i));
    }
    *state = after_zeros(after_zeros((uint32_t)a) ^ (uint32_t)b) ^ (uint32_t)c;
  }
  return from;
}

#else

static const uint8_t *three_runs(uint32_t *state, const uint8_t *from, const uint8_t *end) { return from; }

#endif

TARGET uint32_t martlet_crc32c(uint32_t state, const void *bytes, size_t count) {
  const uint8_t *end = (const uint8_t *)bytes + count, *from = three_runs(&state, bytes, end);
  for (; end - from >= 8; from += 8) state = (uint32_t)STEP_8(state, word_at(from));
  for (; from < end; from++) state = STEP_1(state, *from);
  return state;
}

#else

int martlet_has_crc32c(martlet_isa isa) { return 0; }
uint32_t martlet_crc32c(uint32_t state, const void *bytes, size_t count) { return state; }

#endif
