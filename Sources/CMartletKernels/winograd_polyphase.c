#include "martlet_winograd.h"

#include <string.h>

// Where tap (y, x) of kernel 0 lies among the components' kernels, of which one component has `pitch` numbers.
static inline long place(long y, long x, long r, long pitch) {
  return (y % 2 * 2 + x % 2) * pitch + y / 2 * r + x / 2;
}

void martlet_winograd_split(
    const float *kernels, long count, long depth, long height, long width, long r, float *components) {
  const long slices = count * depth, taps = r * r, pitch = slices * taps;
  if (height * width < 4 * taps) memset(components, 0, (size_t)(4 * pitch) * sizeof(float));
  for (long s = 0; s < slices; s++, components += taps)
    for (long y = 0; y < height; y++)
      for (long x = 0; x < width; x++) components[place(y, x, r, pitch)] = *kernels++;
}

void martlet_winograd_join(
    const float *components, long count, long depth, long height, long width, long r, float *kernels) {
  const long slices = count * depth, taps = r * r, pitch = slices * taps;
  for (long s = 0; s < slices; s++, components += taps)
    for (long y = 0; y < height; y++)
      for (long x = 0; x < width; x++) *kernels++ = components[place(y, x, r, pitch)];
}
