#include "martlet_pages.h"

// No larger than any system's pages.
#define PAGE 4096

// One fault a page: while the system serves a request for many at once (MADV_POPULATE_WRITE), the process can map
// nothing else, so that others wait who allocate.
void martlet_populate_pages(void *block, size_t bytes) {
  unsigned char *const from = block;
  for (size_t i = 0; i < bytes; i += PAGE) {
    // Zero for zero is a write, which needs a page; any other byte has one.
    unsigned char zero = 0;
    __atomic_compare_exchange_n(from + i, &zero, 0, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
  }
}
