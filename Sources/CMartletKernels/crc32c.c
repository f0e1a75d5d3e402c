#include "martlet_crc32c.h"

#include <string.h>

#if defined(__x86_64__)
#include <nmmintrin.h>
#define STEP_8 _mm_crc32_u64
#define STEP_1 _mm_crc32_u8
#define TARGET __attribute__((target("sse4.2")))
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#define STEP_8 __crc32cd
#define STEP_1 __crc32cb
#define TARGET
#endif

#if defined(STEP_8)

// Every processor with AVX2 has SSE 4.2.
int martlet_has_crc32c(martlet_isa isa) { return isa != MARTLET_ISA_PORTABLE && martlet_isa_supported(isa); }

TARGET uint32_t martlet_crc32c(uint32_t state, const void *bytes, size_t count) {
  const uint8_t *from = bytes, *end = from + count;
  for (; end - from >= 8; from += 8) {
    uint64_t word;
    memcpy(&word, from, sizeof word);
    state = (uint32_t)STEP_8(state, word);
  }
  for (; from < end; from++) state = STEP_1(state, *from);
  return state;
}

#else

int martlet_has_crc32c(martlet_isa isa) { return 0; }
uint32_t martlet_crc32c(uint32_t state, const void *bytes, size_t count) { return state; }

#endif
