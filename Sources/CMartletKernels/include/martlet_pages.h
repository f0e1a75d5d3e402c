#ifndef MARTLET_PAGES_H
#define MARTLET_PAGES_H

#include <stddef.h>

/// Has the system give a block its pages, if it has none yet, without changing a byte, whoever uses it meanwhile.
void martlet_populate_pages(void *block, size_t bytes);

#endif
