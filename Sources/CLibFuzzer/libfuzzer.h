// The one function of libFuzzer that a program with its own main calls
// (https://llvm.org/docs/LibFuzzer.html#using-libfuzzer-as-a-library). The library comes with the compiler, without a header.
#ifndef MARTLET_LIBFUZZER_H
#define MARTLET_LIBFUZZER_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*test)(const uint8_t *bytes, size_t count));

#endif
