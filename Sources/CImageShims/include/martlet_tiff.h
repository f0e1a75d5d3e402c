// TIFF through libtiff, whose fields are set and read by variadic calls and whose errors go to handlers.
//
// Files are read from and written to memory, or an open file for those that are too large for it. Errors are kept with
// the file they came from; nothing is printed.
#ifndef MARTLET_TIFF_H
#define MARTLET_TIFF_H

#include <stddef.h>
#include <stdint.h>

// An open TIFF file. One thread at a time may use it.
typedef struct martlet_tiff martlet_tiff;

// The fields of the first page that decide how its samples are read.
typedef struct {
  uint32_t width;
  uint32_t height;
  uint32_t rows_per_strip;
  uint32_t tile_width;   // 0 when the page is made of strips
  uint32_t tile_height;
  uint16_t bits_per_sample;
  uint16_t samples_per_pixel;
  uint16_t sample_format;  // 1 unsigned, 2 signed, 3 floating point
  uint16_t photometric;    // 0 white is zero, 1 black is zero, 2 RGB, 3 palette, 5 CMYK, 6 YCbCr, 8 L*a*b*
  uint16_t planes;         // 1 interleaved, 2 a plane a channel
  uint16_t compression;
  uint16_t orientation;
  uint16_t is_data;  // for writing: the channels are numbers and no picture, so that none of them is alpha
} martlet_tiff_header;

// `bytes` must outlive the file. No single allocation of libtiff's passes `largest_allocation` bytes (where
// libtiff is 4.5 or later). NULL when it cannot be opened, with the reason in `error`
// (MARTLET_IMAGE_ERROR_LENGTH bytes).
martlet_tiff *martlet_tiff_open(const uint8_t *bytes, size_t count, size_t largest_allocation, char *error);
martlet_tiff *martlet_tiff_create(char *error);
void martlet_tiff_close(martlet_tiff *tiff);

// The same on an open file of `count` bytes, which must outlive it and is not closed.
martlet_tiff *martlet_tiff_open_file(int descriptor, uint64_t count, size_t largest_allocation, char *error);
// Writes to an open file that is empty and can be both written and read: a BigTIFF when `big` is not 0.
martlet_tiff *martlet_tiff_create_file(int descriptor, int big, char *error);
// The operating system's number for what made reading or writing the open file fail, or 0.
int martlet_tiff_system_error(const martlet_tiff *tiff);

// The first error since the file was opened, or an empty text.
const char *martlet_tiff_error(const martlet_tiff *tiff);

// Reads the header. YCbCr pages compressed as JPEG are set up to be read as RGB, and say so in the header.
void martlet_tiff_read_header(martlet_tiff *tiff, martlet_tiff_header *header);
// Whether the system's libtiff can decode a compression.
int martlet_tiff_can_decode(uint16_t compression);
// Pages of the file, at least the one that is read. What is damaged behind that is no error of it.
uint32_t martlet_tiff_page_count(martlet_tiff *tiff);
// The palette: `1 << bits_per_sample` values each of red, green and blue, owned by the file. 0 without one.
int martlet_tiff_palette(
    martlet_tiff *tiff, const uint16_t **red, const uint16_t **green, const uint16_t **blue);

// Bytes in a full row of a strip or of a tile, and in a tile. 0 when they overflow.
size_t martlet_tiff_row_bytes(martlet_tiff *tiff);
size_t martlet_tiff_tile_row_bytes(martlet_tiff *tiff);
size_t martlet_tiff_tile_bytes(martlet_tiff *tiff);

// Decodes exactly `count` bytes of a strip or tile. 1 when it did.
int martlet_tiff_read_strip(martlet_tiff *tiff, uint32_t strip, void *into, size_t count);
int martlet_tiff_read_tile(martlet_tiff *tiff, uint32_t tile, void *into, size_t count);
// Decodes one row of a strip, `count` bytes as `martlet_tiff_row_bytes` has them. Rows in order are fast; a step back
// decodes the strip from its start. A strip that is not compressed is never held whole. 1 when it did.
int martlet_tiff_read_row(martlet_tiff *tiff, uint32_t row, uint16_t plane, void *into, size_t count);

// Writing: the header first (with a palette of `1 << bits_per_sample` values each or NULL), then every strip or
// tile in order, then `martlet_tiff_finish`, after which the bytes belong to the caller, to be freed by free(). With an
// open file there are none.
int martlet_tiff_write_header(
    martlet_tiff *tiff, const martlet_tiff_header *header, const uint16_t *red, const uint16_t *green,
    const uint16_t *blue);
int martlet_tiff_write_strip(martlet_tiff *tiff, uint32_t strip, const void *from, size_t count);
int martlet_tiff_write_tile(martlet_tiff *tiff, uint32_t tile, const void *from, size_t count);
int martlet_tiff_finish(martlet_tiff *tiff, uint8_t **bytes, size_t *count);
int martlet_tiff_finish_file(martlet_tiff *tiff);

#endif
