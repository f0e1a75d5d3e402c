#ifndef MARTLET_WINOGRAD_PIXELS_H
#define MARTLET_WINOGRAD_PIXELS_H

/// Which of `count` pixels along an axis, from `start` on, lie in the image: a bit each.
static inline __attribute__((always_inline)) unsigned winograd_pixels_inside(
    const int count, long start, long step, long size) {
  unsigned bits = 0;
  for (int i = 0; i < count; i++, start += step) bits |= (unsigned)(start >= 0 && start < size) << i;
  return bits;
}

#endif
