#include "martlet_winograd.h"

void martlet_winograd_split(
    const float *kernels, long count, long taps, const long *places, long pitch, float *components) {
  for (long k = 0; k < count; k++, components += pitch)
    for (long t = 0; t < taps; t++) components[places[t]] = *kernels++;
}

void martlet_winograd_join(
    const float *components, long count, long taps, const long *places, long pitch, float *kernels) {
  for (long k = 0; k < count; k++, components += pitch)
    for (long t = 0; t < taps; t++) *kernels++ = components[places[t]];
}
