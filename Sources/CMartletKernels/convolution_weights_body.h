// Moves weights between PyTorch's order and panels, included once for each element size with BITS and NAME.

// One row of a panel.
static inline void NAME(gather)(const BITS *from, const long *offsets, BITS *to, long columns, long width) {
  long n = 0;
  for (; n + 4 <= columns; n += 4) {
    const BITS a = from[offsets[n]], b = from[offsets[n + 1]];
    const BITS c = from[offsets[n + 2]], d = from[offsets[n + 3]];
    to[n] = a;
    to[n + 1] = b;
    to[n + 2] = c;
    to[n + 3] = d;
  }
  for (; n < columns; n++) to[n] = from[offsets[n]];
  for (; n < width; n++) to[n] = 0;
}

enum { NAME(run_block) = 256, NAME(run_pitch) = NAME(run_block) + 8, NAME(run_columns) = 32 };

// Columns are far apart, often by a multiple of the cache's size: some of each is copied to where they do not
// contend for the same lines, and gathered from there.
static void NAME(pack_run)(const martlet_weight_panel *panel, long first_channel, long channels) {
  BITS near[NAME(run_columns) * NAME(run_pitch)];
  const long taps = panel->taps, tap_stride = panel->channels * panel->width;
  const BITS *from = (const BITS *)panel->weights + panel->channel_offsets[first_channel];
  for (long n = 0; n < panel->columns; n++)
    __builtin_memcpy(
        near + n * NAME(run_pitch), from + panel->column_offsets[n], (size_t)(channels * taps) * sizeof(BITS));
  long offsets[NAME(run_columns)];
  for (long n = 0; n < panel->columns; n++) offsets[n] = n * NAME(run_pitch);
  BITS *to = (BITS *)panel->panel + first_channel * panel->width;
  for (long c = 0; c < channels; c++)
    for (long t = 0; t < taps; t++)
      NAME(gather)(
          near + c * taps + t, offsets, to + t * tap_stride + c * panel->width, panel->columns,
          panel->width);
}

void NAME(martlet_pack_weights)(const martlet_weight_panel *panel) {
  if (panel->is_run && panel->taps <= NAME(run_block) && panel->columns <= NAME(run_columns)) {
    const long step = NAME(run_block) / panel->taps;
    for (long c = 0; c < panel->channels; c += step)
      NAME(pack_run)(panel, c, panel->channels - c < step ? panel->channels - c : step);
    return;
  }
  const long tap_stride = panel->channels * panel->width;
  for (long c = 0; c < panel->channels; c++) {
    const BITS *channel = (const BITS *)panel->weights + panel->channel_offsets[c];
    BITS *to = (BITS *)panel->panel + c * panel->width;
    for (long t = 0; t < panel->taps; t++, to += tap_stride)
      NAME(gather)(channel + panel->tap_offsets[t], panel->column_offsets, to, panel->columns, panel->width);
  }
}

void NAME(martlet_unpack_sums)(const martlet_weight_sums *sums) {
  const long tap_stride = sums->rows * sums->pitch;
  for (long n = 0; n < sums->columns; n++) {
    BITS *column = (BITS *)sums->weights + sums->column_offsets[n];
    for (long i = 0; i < sums->rows; i++) {
      const BITS *from = (const BITS *)sums->sums + i * sums->pitch + n;
      BITS *to = column + sums->row_offsets[i];
      for (long t = 0; t < sums->taps; t++) to[sums->tap_offsets[t]] = from[t * tap_stride];
    }
  }
}

void NAME(martlet_transpose)(
    const void *from, long from_pitch, void *to, long to_pitch, long rows, long columns) {
  enum { block = 16 };
  for (long r0 = 0; r0 < rows; r0 += block) {
    const long r1 = r0 + block < rows ? r0 + block : rows;
    for (long c0 = 0; c0 < columns; c0 += block) {
      const long c1 = c0 + block < columns ? c0 + block : columns;
      for (long c = c0; c < c1; c++)
        for (long r = r0; r < r1; r++)
          ((BITS *)to)[c * to_pitch + r] = ((const BITS *)from)[r * from_pitch + c];
    }
  }
}
