#include "martlet_convolution.h"

static long clamp(long x, long low, long high) { return x < low ? low : x > high ? high : x; }

void martlet_map_pixels(
    const martlet_pixel_map *map, long first, long count, const void **sources, long pitch, void **outputs) {
  const long width = map->grid[3];
  long column = first % width, rest = first / width;
  long height = rest % map->grid[2];
  rest /= map->grid[2];
  long depth = rest % map->grid[1], batch = rest / map->grid[1];

  for (long done = 0; done < count;) {
    // Pixels of one row of the grid at a time.
    const long end = column + (count - done) < width ? column + (count - done) : width;
    const long run = end - column;
    char *output = (char *)map->output + batch * map->output_stride[0] + depth * map->output_stride[1] +
                   height * map->output_stride[2] + column * map->output_stride[3];
    for (long i = 0; i < run; i++) outputs[done + i] = output + i * map->output_stride[3];

    for (long t = 0; t < map->taps; t++) {
      const martlet_tap *tap = map->tap + t;
      const void **row = sources + t * pitch + done;
      const long z = depth * map->step[0] + tap->offset[0], y = height * map->step[1] + tap->offset[1];
      long low = run, high = run;
      if (z >= 0 && z < map->source_size[0] && y >= 0 && y < map->source_size[1]) {
        low = clamp(tap->first_column - column, 0, run);
        high = clamp(tap->end_column - column, low, run);
      }
      for (long i = 0; i < low; i++) row[i] = map->zeros;
      if (low < high) {
        const long x = (column + low) * map->step[2] + tap->offset[2];
        const char *source = (const char *)map->source + batch * map->source_stride[0] +
                             z * map->source_stride[1] + y * map->source_stride[2] + x * map->source_stride[3];
        const long stride = map->step[2] * map->source_stride[3];
        for (long i = low; i < high; i++) row[i] = source + (i - low) * stride;
      }
      for (long i = high; i < run; i++) row[i] = map->zeros;
    }

    done += run;
    column = 0;
    if (++height == map->grid[2]) {
      height = 0;
      if (++depth == map->grid[1]) {
        depth = 0;
        batch++;
      }
    }
  }
}
