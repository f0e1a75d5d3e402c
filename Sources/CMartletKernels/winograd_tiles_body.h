// What all of Winograd's transforms use: vectors, the transforms of one tile, and where tiles lie. Included once for
// each instruction set, before the bodies of the transforms, with what winograd_body.h says.

#include "vector_body.h"
#include "winograd_pixels.h"

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")
// X of each tile that there are transforms of, by its outputs and the kernel's taps along a side.
#define WINOGRAD_TILES(X) X(2, 3) X(3, 3) X(4, 3) X(4, 2) X(3, 4)

// What is smaller than the floor replaced by it; NaN stays NaN.
INLINE NAME(vector) NAME(at_least)(NAME(vector) floor, NAME(vector) x) {
  const __typeof__(x < 0) below = x < floor;
  return (NAME(vector))((below & (__typeof__(x < 0))floor) | (~below & (__typeof__(x < 0))x));
}

#undef INLINE
#include "winograd_transforms.h"
#define INLINE static inline __attribute__((always_inline))

// The transforms of tiles of m outputs for kernels of r taps; both are constants at every call.
INLINE void NAME(input)(const int m, const int r, const NAME(vector) *d, NAME(vector) *to) {
  if (r == 2) NAME(input_42)(d, to);
  else if (r == 4) NAME(input_34)(d, to);
  else if (m == 4) NAME(input_43)(d, to);
  else if (m == 3) NAME(input_33)(d, to);
  else NAME(input_23)(d, to);
}
INLINE void NAME(output)(const int m, const int r, const NAME(vector) *f, NAME(vector) *to) {
  if (r == 2) NAME(output_42)(f, to);
  else if (r == 4) NAME(output_34)(f, to);
  else if (m == 4) NAME(output_43)(f, to);
  else if (m == 3) NAME(output_33)(f, to);
  else NAME(output_23)(f, to);
}
INLINE void NAME(weight)(const int m, const int r, const NAME(vector) *g, NAME(vector) *to) {
  if (r == 2) NAME(weight_42)(g, to);
  else if (r == 4) NAME(weight_34)(g, to);
  else if (m == 4) NAME(weight_43)(g, to);
  else if (m == 3) NAME(weight_33)(g, to);
  else NAME(weight_23)(g, to);
}

// MARK: Places of tiles

// A tile's number taken apart, and counted on without divisions.
typedef struct {
  long image, subgrid[2], tile[2];
} NAME(place);

INLINE NAME(place) NAME(first_place)(const martlet_winograd_tiles *tiles) {
  NAME(place) place;
  long rest = tiles->first;
  place.tile[1] = rest % tiles->tiles[1];
  rest /= tiles->tiles[1];
  place.tile[0] = rest % tiles->tiles[0];
  rest /= tiles->tiles[0];
  place.subgrid[1] = rest % tiles->subgrids[1];
  rest /= tiles->subgrids[1];
  place.subgrid[0] = rest % tiles->subgrids[0];
  place.image = rest / tiles->subgrids[0];
  return place;
}

INLINE void NAME(step)(const martlet_winograd_tiles *tiles, NAME(place) *place) {
  if (++place->tile[1] < tiles->tiles[1]) return;
  place->tile[1] = 0;
  if (++place->tile[0] < tiles->tiles[0]) return;
  place->tile[0] = 0;
  if (++place->subgrid[1] < tiles->subgrids[1]) return;
  place->subgrid[1] = 0;
  if (++place->subgrid[0] < tiles->subgrids[0]) return;
  place->subgrid[0] = 0;
  place->image++;
}

// The image row (axis 0) or column (axis 1) of a tile's first pixel.
INLINE long NAME(start)(
    const int m, const martlet_winograd_tiles *tiles, const martlet_winograd_plane *plane,
    const NAME(place) *place, const int axis) {
  return plane->origin[axis] + place->subgrid[axis] + place->tile[axis] * m * tiles->step[axis];
}

// The number of a slice of the run in its image, and whether there is one.
INLINE long NAME(slice)(const martlet_winograd_plane *plane, long slice) {
  return plane->first_slice + slice * plane->slice_step;
}
INLINE int NAME(has_slice)(const martlet_winograd_plane *plane, long slice) {
  return slice >= 0 && slice < plane->depth;
}
