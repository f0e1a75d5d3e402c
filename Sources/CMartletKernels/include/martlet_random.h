#ifndef MARTLET_RANDOM_H
#define MARTLET_RANDOM_H

#include "martlet_isa.h"

#include <stddef.h>
#include <stdint.h>

// Random numbers of Philox 4×32-10, 64 at a time: with group g = i / 64, lane l = (i mod 64) / 16 and j = i mod 16,
// element i takes number l of the block at counter (16 · g + j, 0). Ranges start at a multiple of 64.
//
// The same on every instruction set, bit for bit.
typedef struct {
  // y[i] = x[i] · factor where element i's number, of 24 bits, is at least `threshold`; x[i] · 0 elsewhere.
  void (*_Nonnull dropout)(
      const void *_Nonnull x, void *_Nonnull y, size_t first, size_t end, uint64_t key, uint32_t threshold,
      double factor);
  // low + (high − low) · u, u in [0, 1) of 24 bits.
  void (*_Nonnull uniform)(void *_Nonnull y, size_t first, size_t end, uint64_t key, double low, double high);
  // By Box and Muller's transform: lanes 0 and 1 give each other's pair, and lanes 2 and 3.
  void (*_Nonnull normal)(
      void *_Nonnull y, size_t first, size_t end, uint64_t key, double mean, double deviation);
} martlet_random_table_t;

const martlet_random_table_t *_Nonnull martlet_random_table(martlet_isa, int is_double);

#endif
