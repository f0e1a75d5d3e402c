#ifndef MARTLET_CRC32C_H
#define MARTLET_CRC32C_H

#include "martlet_isa.h"
#include <stddef.h>
#include <stdint.h>

/// Whether this build and machine have an instruction for CRC-32C, which comes with `isa`.
int martlet_has_crc32c(martlet_isa isa);

/// The state of a CRC-32C after some bytes, by that instruction. Only where there is one.
uint32_t martlet_crc32c(uint32_t state, const void *bytes, size_t count);

#endif
