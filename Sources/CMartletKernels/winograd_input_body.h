// The transform of source pixels to frequencies, included once for each instruction set and each type that frequencies
// are kept in, after winograd_tiles_body.h, with
//   FREQUENCY                      the type       STORE_FREQUENCY(p, v, lanes)  stores the first lanes of a vector
//   INPUT_TILES(X)                 those of WINOGRAD_TILES that are wanted
// and what winograd_body.h says.

// One tile and one vector of channels. `whole` says that all pixels lie in the image, `normalize` that they are
// normalised; both are constants at every call.
INLINE void NAME(input_block)(
    const int m, const int r, const int whole, const int normalize, const martlet_winograd_input *input, const float *pixels,
    long row, long column, unsigned rows, unsigned columns, long channel, long lanes, long ahead, FREQUENCY *to) {
  const int n = m + r - 1;
  // What tiles further along the row add, into the second cache: the first one's few outstanding misses are needed
  // for what is read now.
  if (whole) {
    UNROLL for (int i = 0; i < n; i++)
      UNROLL for (int j = 0; j < m; j++) __builtin_prefetch(pixels + i * row + j * column + ahead, 0, 2);
  }
  NAME(vector) mean = {}, scale = {}, shift = {};
  const NAME(vector) floor = NAME(splat)(input->rectify ? 0 : -INFINITY);
  if (normalize) {
    mean = NAME(load_some)(input->mean + channel, lanes);
    scale = NAME(load_some)(input->scale + channel, lanes);
    shift = NAME(load_some)(input->shift + channel, lanes);
  }
  NAME(vector) half[6][6];
  UNROLL for (int j = 0; j < n; j++) {
    NAME(vector) d[6], t[6];
    UNROLL for (int i = 0; i < n; i++) {
      d[i] = (NAME(vector)){};
      if (whole || (rows >> i & columns >> j & 1)) {
        d[i] = NAME(load_some)(pixels + i * row + j * column, lanes);
        if (normalize) d[i] = NAME(at_least)(floor, FMA(d[i] - mean, scale, shift));
      }
    }
    NAME(input)(m, r, d, t);
    UNROLL for (int i = 0; i < n; i++) half[i][j] = t[i];
  }
  const long stride = input->frequency_stride;
  UNROLL for (int i = 0; i < n; i++) {
    NAME(vector) t[6];
    NAME(input)(m, r, half[i], t);
    UNROLL for (int j = 0; j < n; j++) STORE_FREQUENCY(to + (i * n + j) * stride, t[j], lanes);
  }
}

#define INPUT_BLOCK(name, m, r, whole, normalize, lanes_given)                                         \
  static __attribute__((noinline)) void NAME(name)(                                                    \
      const martlet_winograd_input *input, const float *pixels, long row, long column, unsigned rows,  \
      unsigned columns, long channel, long lanes, long ahead, FREQUENCY *to) {                         \
    NAME(input_block)(                                                                                 \
        m, r, whole, normalize, input, pixels, row, column, rows, columns, channel, lanes_given, ahead, \
        to);                                                                                           \
  }
#define INPUT_BLOCKS(m, r)                                             \
  INPUT_BLOCK(input_whole_##m##r, m, r, 1, 0, LANES)                   \
  INPUT_BLOCK(input_whole_normalize_##m##r, m, r, 1, 1, LANES)         \
  INPUT_BLOCK(input_edge_##m##r, m, r, 0, input->mean != 0, LANES)     \
  INPUT_BLOCK(input_some_##m##r, m, r, 0, input->mean != 0, lanes)
INPUT_TILES(INPUT_BLOCKS)
#undef INPUT_BLOCKS
#undef INPUT_BLOCK

typedef void (*NAME(input_function))(
    const martlet_winograd_input *, const float *, long, long, unsigned, unsigned, long, long, long, FREQUENCY *);

INLINE void NAME(transform_input)(
    const int m, const int r, const martlet_winograd_input *input, NAME(input_function) whole,
    NAME(input_function) edge, NAME(input_function) some) {
  const int n = m + r - 1;
  const martlet_winograd_tiles *tiles = &input->tiles;
  const martlet_winograd_plane *plane = &input->plane;
  const long row = plane->row_stride * tiles->step[0], column = plane->column_stride * tiles->step[1];
  const long channels = input->channels;
  if (channels == 0) return;
  // How far before its use a pixel is fetched: some 64 channels of work, at least a tile.
  const long tiles_ahead = channels >= 64 ? 1 : 4 / ((channels + 15) / 16);
  const long ahead = (n - m + tiles_ahead * m) * column;
  FREQUENCY *to = input->frequencies;
  for (long s = 0; s < tiles->slices; s++) {
    const long slice = NAME(slice)(plane, s);
    const int has_slice = NAME(has_slice)(plane, slice);
    NAME(place) place = NAME(first_place)(tiles);
    for (long i = 0; i < tiles->count; i++, to += input->tile_stride, NAME(step)(tiles, &place)) {
      const long y = NAME(start)(m, tiles, plane, &place, 0), x = NAME(start)(m, tiles, plane, &place, 1);
      const unsigned rows = has_slice ? winograd_pixels_inside(n, y, tiles->step[0], plane->size[0]) : 0;
      const unsigned columns = winograd_pixels_inside(n, x, tiles->step[1], plane->size[1]);
      const unsigned all = (1u << n) - 1;
      const float *pixels = input->source + place.image * plane->image_stride + slice * plane->slice_stride +
                            y * plane->row_stride + x * plane->column_stride;
      if (channels < LANES) {
        some(input, pixels, row, column, rows, columns, 0, channels, ahead, to);
        continue;
      }
      NAME(input_function) function = (rows & columns) == all ? whole : edge;
      for (long c = 0; c < channels; c += LANES) {
        const long channel = c + LANES <= channels ? c : channels - LANES;
        function(input, pixels + channel, row, column, rows, columns, channel, LANES, ahead, to + channel);
      }
    }
  }
}

#define TRANSFORM_INPUT(m, r)                                                                           \
  static void NAME(transform_input_##m##r)(const martlet_winograd_input *input) {                       \
    NAME(transform_input)(                                                                              \
        m, r, input, input->mean ? NAME(input_whole_normalize_##m##r) : NAME(input_whole_##m##r),       \
        NAME(input_edge_##m##r), NAME(input_some_##m##r));                                              \
  }
INPUT_TILES(TRANSFORM_INPUT)
#undef TRANSFORM_INPUT
