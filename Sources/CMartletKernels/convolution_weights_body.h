// Moves weights between PyTorch's order and panels, included once for each element size with BITS and NAME.

void NAME(martlet_pack_weights)(const martlet_weight_panel *panel) {
  const long width = panel->width, columns = panel->columns, stride = panel->column_stride;
  const long tap_stride = panel->channels * width;
  for (long c = 0; c < panel->channels; c++) {
    const BITS *channel = (const BITS *)panel->weights + panel->channel_offsets[c];
    BITS *to = (BITS *)panel->panel + c * width;
    for (long t = 0; t < panel->taps; t++, to += tap_stride) {
      const BITS *from = channel + panel->tap_offsets[t];
      long n = 0;
      for (; n + 4 <= columns; n += 4) {
        const BITS a = from[n * stride], b = from[(n + 1) * stride];
        const BITS d = from[(n + 2) * stride], e = from[(n + 3) * stride];
        to[n] = a;
        to[n + 1] = b;
        to[n + 2] = d;
        to[n + 3] = e;
      }
      for (; n < columns; n++) to[n] = from[n * stride];
      for (; n < width; n++) to[n] = 0;
    }
  }
}

void NAME(martlet_unpack_sums)(const martlet_weight_sums *sums) {
  const long tap_stride = sums->rows * sums->pitch;
  for (long n = 0; n < sums->columns; n++) {
    BITS *column = (BITS *)sums->weights + n * sums->column_stride;
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
