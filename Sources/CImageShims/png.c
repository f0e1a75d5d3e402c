// libpng behind plain functions. Each public function owns the libpng structures; the part that may be left by
// a long jump is a function of its own, so that no local variable is read after it was changed by one.
#include "martlet_png.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  const uint8_t *bytes;
  size_t count;
  size_t position;
} source;

typedef struct {
  uint8_t *bytes;
  size_t count;
  size_t capacity;
} sink;

static void keep_error(png_structp png, png_const_charp text) {
  snprintf((char *)png_get_error_ptr(png), MARTLET_IMAGE_ERROR_LENGTH, "%s", text);
  png_longjmp(png, 1);
}

static void ignore_warning(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static int fail(char *error, const char *text) {
  snprintf(error, MARTLET_IMAGE_ERROR_LENGTH, "%s", text);
  return 0;
}

static int machine_is_little_endian(void) {
  const uint16_t probe = 1;
  return *(const uint8_t *)&probe;
}

// MARK: Reading

static void read_bytes(png_structp png, png_bytep into, size_t count) {
  source *from = png_get_io_ptr(png);
  if (count > from->count - from->position) png_error(png, "the file ends too early");
  memcpy(into, from->bytes + from->position, count);
  from->position += count;
}

static void start_reading(png_structp png, png_infop info, source *from) {
  png_set_read_fn(png, from, read_bytes);
  // Sizes are checked by the caller, who can name the limit; libpng's own would only say "exceeds user limit".
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_read_info(png, info);
}

static int read_header_guarded(png_structp png, png_infop info, source *from, martlet_png_header *header) {
  if (setjmp(png_jmpbuf(png))) return 0;
  start_reading(png, info, from);
  header->width = png_get_image_width(png, info);
  header->height = png_get_image_height(png, info);
  header->bit_depth = png_get_bit_depth(png, info);
  header->color_type = png_get_color_type(png, info);

  png_colorp colors = NULL;
  int color_count = 0;
  if (header->color_type != PNG_COLOR_TYPE_PALETTE) return 1;
  if (!png_get_PLTE(png, info, &colors, &color_count)) return 1;
  header->palette_count = color_count;
  png_bytep alphas = NULL;
  int alpha_count = 0;
  png_get_tRNS(png, info, &alphas, &alpha_count, NULL);
  for (int i = 0; i < color_count && i < 256; i++) {
    uint8_t *entry = header->palette + 4 * i;
    entry[0] = colors[i].red;
    entry[1] = colors[i].green;
    entry[2] = colors[i].blue;
    entry[3] = alphas != NULL && i < alpha_count ? alphas[i] : 255;
  }
  return 1;
}

int martlet_png_read_header(
    const uint8_t *bytes, size_t count, martlet_png_header *header, char *error) {
  source from = {bytes, count, 0};
  memset(header, 0, sizeof *header);
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, error, keep_error, ignore_warning);
  png_infop info = png == NULL ? NULL : png_create_info_struct(png);
  int done = info == NULL ? fail(error, "out of memory") : read_header_guarded(png, info, &from, header);
  png_destroy_read_struct(&png, &info, NULL);
  return done;
}

static int read_samples_guarded(
    png_structp png, png_infop info, source *from, uint8_t *samples, size_t row_bytes) {
  if (setjmp(png_jmpbuf(png))) return 0;
  start_reading(png, info, from);
  png_set_packing(png);
  if (png_get_bit_depth(png, info) == 16 && machine_is_little_endian()) png_set_swap(png);
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  if (png_get_rowbytes(png, info) != row_bytes) png_error(png, "a row's size does not fit its header");
  png_uint_32 height = png_get_image_height(png, info);
  for (int pass = 0; pass < passes; pass++)
    for (png_uint_32 y = 0; y < height; y++) png_read_row(png, samples + y * row_bytes, NULL);
  png_read_end(png, NULL);
  return 1;
}

int martlet_png_read_samples(
    const uint8_t *bytes, size_t count, uint8_t *samples, size_t row_bytes, char *error) {
  source from = {bytes, count, 0};
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, error, keep_error, ignore_warning);
  png_infop info = png == NULL ? NULL : png_create_info_struct(png);
  int done = info == NULL
      ? fail(error, "out of memory")
      : read_samples_guarded(png, info, &from, samples, row_bytes);
  png_destroy_read_struct(&png, &info, NULL);
  return done;
}

// MARK: Writing

static void append_bytes(png_structp png, png_bytep bytes, size_t count) {
  sink *into = png_get_io_ptr(png);
  if (count > into->capacity - into->count) {
    size_t capacity = into->capacity + count + into->capacity / 2 + 4096;
    uint8_t *grown = realloc(into->bytes, capacity);
    if (grown == NULL) png_error(png, "out of memory");
    into->bytes = grown;
    into->capacity = capacity;
  }
  memcpy(into->bytes + into->count, bytes, count);
  into->count += count;
}

static void flush_nothing(png_structp png) { (void)png; }

// Leaves by a long jump on failure, so it is called from guarded functions only.
static void start_writing(
    png_structp png, png_infop info, sink *into, const martlet_png_header *header, int interlaced) {
  png_color colors[256];
  png_byte alphas[256];
  png_set_write_fn(png, into, append_bytes, flush_nothing);
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_set_IHDR(
      png, info, header->width, header->height, header->bit_depth, header->color_type,
      interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
      PNG_FILTER_TYPE_DEFAULT);
  if (header->palette_count > 0) {
    int last_translucent = -1;
    for (int i = 0; i < header->palette_count; i++) {
      const uint8_t *entry = header->palette + 4 * i;
      colors[i] = (png_color){entry[0], entry[1], entry[2]};
      alphas[i] = entry[3];
      if (entry[3] != 255) last_translucent = i;
    }
    png_set_PLTE(png, info, colors, header->palette_count);
    if (last_translucent >= 0) png_set_tRNS(png, info, alphas, last_translucent + 1, NULL);
  }
  png_write_info(png, info);
  png_set_packing(png);
  if (header->bit_depth == 16 && machine_is_little_endian()) png_set_swap(png);
}

static int write_guarded(
    png_structp png, png_infop info, sink *into, const martlet_png_header *header, const uint8_t *samples,
    size_t row_bytes, int interlaced) {
  if (setjmp(png_jmpbuf(png))) return 0;
  start_writing(png, info, into, header, interlaced);
  int passes = png_set_interlace_handling(png);
  for (int pass = 0; pass < passes; pass++)
    for (uint32_t y = 0; y < header->height; y++) png_write_row(png, samples + y * row_bytes);
  png_write_end(png, info);
  return 1;
}

int martlet_png_write(
    const martlet_png_header *header, const uint8_t *samples, size_t row_bytes, int interlaced,
    uint8_t **bytes, size_t *count, char *error) {
  sink into = {NULL, 0, 0};
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, error, keep_error, ignore_warning);
  png_infop info = png == NULL ? NULL : png_create_info_struct(png);
  int done = info == NULL
      ? fail(error, "out of memory")
      : write_guarded(png, info, &into, header, samples, row_bytes, interlaced);
  png_destroy_write_struct(&png, &info);
  if (!done) free(into.bytes);
  *bytes = done ? into.bytes : NULL;
  *count = done ? into.count : 0;
  return done;
}

// MARK: Writing rows at a time

struct martlet_png_writer {
  png_structp png;
  png_infop info;
  sink made;
  size_t taken;  // bytes at the beginning of `made` that the caller has
};

// Forgets what the caller has, and has complaints go to `error` from now on.
static void begin_call(martlet_png_writer *writer, char *error) {
  png_set_error_fn(writer->png, error, keep_error, ignore_warning);
  writer->made.count -= writer->taken;
  memmove(writer->made.bytes, writer->made.bytes + writer->taken, writer->made.count);
  writer->taken = 0;
}

static int start_guarded(martlet_png_writer *writer, const martlet_png_header *header) {
  if (setjmp(png_jmpbuf(writer->png))) return 0;
  start_writing(writer->png, writer->info, &writer->made, header, 0);
  return 1;
}

static int append_guarded(martlet_png_writer *writer, const uint8_t *samples, size_t row_bytes, uint32_t rows) {
  if (setjmp(png_jmpbuf(writer->png))) return 0;
  for (uint32_t y = 0; y < rows; y++) png_write_row(writer->png, samples + y * row_bytes);
  return 1;
}

static int finish_guarded(martlet_png_writer *writer) {
  if (setjmp(png_jmpbuf(writer->png))) return 0;
  png_write_end(writer->png, writer->info);
  return 1;
}

martlet_png_writer *martlet_png_writer_create(const martlet_png_header *header, char *error) {
  martlet_png_writer *writer = calloc(1, sizeof *writer);
  if (writer != NULL) writer->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, error, keep_error, ignore_warning);
  if (writer != NULL && writer->png != NULL) writer->info = png_create_info_struct(writer->png);
  if (writer == NULL || writer->info == NULL) {
    fail(error, "out of memory");
  } else if (start_guarded(writer, header)) {
    return writer;
  }
  martlet_png_writer_free(writer);
  return NULL;
}

int martlet_png_writer_append(
    martlet_png_writer *writer, const uint8_t *samples, size_t row_bytes, uint32_t rows, char *error) {
  begin_call(writer, error);
  return append_guarded(writer, samples, row_bytes, rows);
}

int martlet_png_writer_finish(martlet_png_writer *writer, char *error) {
  begin_call(writer, error);
  return finish_guarded(writer);
}

const uint8_t *martlet_png_writer_take(martlet_png_writer *writer, size_t *count) {
  const uint8_t *bytes = writer->made.bytes + writer->taken;
  *count = writer->made.count - writer->taken;
  writer->taken = writer->made.count;
  return bytes;
}

void martlet_png_writer_free(martlet_png_writer *writer) {
  if (writer == NULL) return;
  png_destroy_write_struct(&writer->png, &writer->info);
  free(writer->made.bytes);
  free(writer);
}
