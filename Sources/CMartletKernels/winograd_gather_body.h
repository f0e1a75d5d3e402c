// The copy of an image's rows to polyphase components side by side, included once for each instruction set after
// winograd_tiles_body.h, with what winograd_body.h says.

// Some channels of one pixel. `channels` and `normalize` are constants where they can be: a copy of a few numbers is then
// no loop.
INLINE void NAME(gather_pixel)(
    const int normalize, const martlet_winograd_component_row *row, const float *from, long channels, float *to) {
  if (!normalize) {
    __builtin_memcpy(to, from, (size_t)channels * sizeof(float));
    return;
  }
  const NAME(vector) floor = NAME(splat)(row->rectify ? 0 : -INFINITY);
  for (long c = 0; c < channels; c += LANES) {
    const long left = channels - c, lanes = left < LANES ? left : LANES;
    const NAME(vector) x = NAME(load_some)(from + c, lanes) - NAME(load_some)(row->mean + c, lanes);
    const NAME(vector) y =
        FMA(x, NAME(load_some)(row->scale + c, lanes), NAME(load_some)(row->shift + c, lanes));
    NAME(store_some)(to + c, NAME(at_least)(floor, y), lanes);
  }
}

INLINE void NAME(gather_row)(
    const int normalize, const martlet_winograd_component_row *row, const float *from, long channels,
    const long *starts, float *to) {
  // Pixels of the row that are in a column.
  const long begin = row->first < 0 ? 0 : row->first, end = row->first + 2 * row->columns;
  const long stop = end < row->width ? end : row->width;
  for (long column = begin; column < stop; column++) {
    const long i = column - row->first;
    NAME(gather_pixel)(
        normalize, row, from + column * channels, channels,
        to + i / 2 * row->column_stride + starts[i % 2]);
  }
}

static void NAME(gather_components)(const martlet_winograd_component_row *row, float *components) {
  for (long a = 0; a < 2; a++) {
    const float *from = row->rows[a];
    const long *starts = row->starts[a];
    if (!from) continue;
    if (row->mean) NAME(gather_row)(1, row, from, row->channels, starts, components);
    else if (row->channels == 1) NAME(gather_row)(0, row, from, 1, starts, components);
    else if (row->channels == 3) NAME(gather_row)(0, row, from, 3, starts, components);
    else if (row->channels == 4) NAME(gather_row)(0, row, from, 4, starts, components);
    else NAME(gather_row)(0, row, from, row->channels, starts, components);
  }
}
