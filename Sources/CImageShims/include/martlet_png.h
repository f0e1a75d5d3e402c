// PNG through libpng, whose errors are long jumps that must not cross Swift frames.
//
// Every function returns 1 when it succeeded. Otherwise it returns 0 and `error` holds what libpng said.
#ifndef MARTLET_PNG_H
#define MARTLET_PNG_H

#include <stddef.h>
#include <stdint.h>

// The length of every `error` buffer of this module, with its final zero.
#define MARTLET_IMAGE_ERROR_LENGTH 256

// What a PNG says before its first pixel.
typedef struct {
  uint32_t width;
  uint32_t height;
  int bit_depth;      // 1, 2, 4, 8 or 16
  int color_type;     // 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA
  int palette_count;  // 0 without a palette
  uint8_t palette[256 * 4];  // red, green, blue, alpha
} martlet_png_header;

int martlet_png_read_header(
    const uint8_t *bytes, size_t count, martlet_png_header *header, char *error);

// Samples as they are stored: one byte each up to 8 bits, two bytes in the machine's order at 16 bits.
// A row takes `row_bytes`; the height is the header's.
int martlet_png_read_samples(
    const uint8_t *bytes, size_t count, uint8_t *samples, size_t row_bytes, char *error);

// Encodes samples laid out as by `martlet_png_read_samples`. `*bytes` is to be freed with free().
int martlet_png_write(
    const martlet_png_header *header, const uint8_t *samples, size_t row_bytes, int interlaced,
    uint8_t **bytes, size_t *count, char *error);

// Writes a PNG rows at a time, for pictures that are too large to be gathered first.
typedef struct martlet_png_writer martlet_png_writer;

// NULL when it cannot begin.
martlet_png_writer *martlet_png_writer_create(const martlet_png_header *header, char *error);
// Encodes rows laid out as by `martlet_png_read_samples`, from the top; not more than the header's height in all.
int martlet_png_writer_append(
    martlet_png_writer *writer, const uint8_t *samples, size_t row_bytes, uint32_t rows, char *error);
// Ends the file after its last row.
int martlet_png_writer_finish(martlet_png_writer *writer, char *error);
// The bytes that were made since the last call. They are the writer's, until it is called again.
const uint8_t *martlet_png_writer_take(martlet_png_writer *writer, size_t *count);
void martlet_png_writer_free(martlet_png_writer *writer);

#endif
