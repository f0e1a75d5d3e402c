// Loads and stores of the first elements of a 512-bit vector, those whose bits are set in a mask, for vector_body.h.

#include "martlet_isa.h"

#if defined(MARTLET_BUILDS_AVX512)
#include <immintrin.h>
#define MASKED_LOAD_FLOAT(p, mask) _mm512_maskz_loadu_ps((__mmask16)(mask), p)
#define MASKED_STORE_FLOAT(p, v, mask) _mm512_mask_storeu_ps(p, (__mmask16)(mask), (__m512)(v))
#define MASKED_LOAD_DOUBLE(p, mask) _mm512_maskz_loadu_pd((__mmask8)(mask), p)
#define MASKED_STORE_DOUBLE(p, v, mask) _mm512_mask_storeu_pd(p, (__mmask8)(mask), (__m512d)(v))
#endif
