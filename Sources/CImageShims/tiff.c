// libtiff over a buffer in memory or an open file, with plain functions in place of variadic ones.
#include "martlet_tiff.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>
#include <tiffvers.h>
#include <unistd.h>

#include "martlet_png.h"

struct martlet_tiff {
  TIFF *file;
  int descriptor;  // -1 for a buffer
  uint8_t *bytes;  // never written when the file is read
  size_t count;
  size_t capacity;
  uint64_t position;
  int writing;
  int system_error;
  // Rows of a strip before this one were decoded last, by rows; none when 0.
  uint32_t next_row;
  uint32_t next_strip;
  // For strips and tiles that are compressed as JPEG.
  int is_jpeg;
  int is_jpeg_read_as_rgb;
  uint32_t jpeg_table_count;
  uint8_t *jpeg_tables;  // those of the file, NULL when each strip brings its own
  char error[MARTLET_IMAGE_ERROR_LENGTH];
};

// What libtiff calls the file. Many of its texts begin with it.
#define BUFFER_NAME "memory"

// MARK: Errors

#if TIFFLIB_VERSION >= 20221213  // 4.5.0: handlers of one file

static void format_error(char *text, const char *format, va_list values) {
  vsnprintf(text, MARTLET_IMAGE_ERROR_LENGTH, format, values);
  const size_t prefix = strlen(BUFFER_NAME ": ");
  if (strncmp(text, BUFFER_NAME ": ", prefix) == 0) memmove(text, text + prefix, strlen(text + prefix) + 1);
}

static void keep_first_error(martlet_tiff *tiff, const char *format, va_list values) {
  if (tiff->error[0] == 0) format_error(tiff->error, format, values);
}

// libtiff takes a field that it cannot read as absent, with no more than a warning: a palette picture whose
// palette was cut off would pass for grey. Such a warning counts as an error; the others are about oddities.
static void keep_reading_warning(martlet_tiff *tiff, const char *format, va_list values) {
  char text[MARTLET_IMAGE_ERROR_LENGTH];
  format_error(text, format, values);
  if (tiff->error[0] == 0 && strstr(text, "IO error") != NULL) memcpy(tiff->error, text, sizeof text);
}

static int on_error(TIFF *file, void *tiff, const char *module, const char *format, va_list values) {
  (void)file;
  (void)module;
  keep_first_error(tiff, format, values);
  return 1;
}

static int on_warning(TIFF *file, void *tiff, const char *module, const char *format, va_list values) {
  (void)file;
  (void)module;
  keep_reading_warning(tiff, format, values);
  return 1;
}

#endif

// MARK: The buffer as a file

static tmsize_t read_bytes(thandle_t handle, void *into, tmsize_t wanted) {
  martlet_tiff *tiff = handle;
  if (wanted <= 0 || tiff->position >= tiff->count) return 0;
  size_t count = tiff->count - (size_t)tiff->position;
  if (count > (size_t)wanted) count = (size_t)wanted;
  memcpy(into, tiff->bytes + tiff->position, count);
  tiff->position += count;
  return (tmsize_t)count;
}

static tmsize_t write_bytes(thandle_t handle, void *from, tmsize_t given) {
  martlet_tiff *tiff = handle;
  if (!tiff->writing || given <= 0 || tiff->position > SIZE_MAX / 4) return 0;
  size_t end = (size_t)tiff->position + (size_t)given;
  if (end > tiff->capacity) {
    size_t capacity = end + end / 2 + 4096;
    uint8_t *grown = realloc(tiff->bytes, capacity);
    if (grown == NULL) return 0;
    memset(grown + tiff->capacity, 0, capacity - tiff->capacity);
    tiff->bytes = grown;
    tiff->capacity = capacity;
  }
  memcpy(tiff->bytes + tiff->position, from, (size_t)given);
  tiff->position = end;
  if (end > tiff->count) tiff->count = end;
  return given;
}

// MARK: An open file

static int keep_system_error(martlet_tiff *tiff) {
  if (tiff->system_error == 0) tiff->system_error = errno;
  return 0;
}

static tmsize_t read_file(thandle_t handle, void *into, tmsize_t wanted) {
  martlet_tiff *tiff = handle;
  tmsize_t done = 0;
  while (done < wanted) {
    ssize_t got = pread(tiff->descriptor, (char *)into + done, (size_t)(wanted - done), (off_t)tiff->position);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return keep_system_error(tiff);
    if (got == 0) break;
    done += got;
    tiff->position += (uint64_t)got;
  }
  return done;
}

static tmsize_t write_file(thandle_t handle, void *from, tmsize_t given) {
  martlet_tiff *tiff = handle;
  tmsize_t done = 0;
  if (!tiff->writing) return 0;
  while (done < given) {
    ssize_t put = pwrite(tiff->descriptor, (char *)from + done, (size_t)(given - done), (off_t)tiff->position);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return keep_system_error(tiff);
    done += put;
    tiff->position += (uint64_t)put;
  }
  if (tiff->position > tiff->count) tiff->count = (size_t)tiff->position;
  return done;
}

// MARK: Both

static toff_t seek(thandle_t handle, toff_t offset, int whence) {
  martlet_tiff *tiff = handle;
  switch (whence) {
    case SEEK_SET: tiff->position = offset; break;
    case SEEK_CUR: tiff->position += offset; break;
    case SEEK_END: tiff->position = tiff->count + offset; break;
    default: return (toff_t)-1;
  }
  return tiff->position;
}

static int close_nothing(thandle_t handle) {
  (void)handle;
  return 0;
}

static toff_t size(thandle_t handle) { return ((martlet_tiff *)handle)->count; }

static int map_nothing(thandle_t handle, void **base, toff_t *count) {
  (void)handle, (void)base, (void)count;
  return 0;
}

static void unmap_nothing(thandle_t handle, void *base, toff_t count) { (void)handle, (void)base, (void)count; }

// MARK: Opening and closing

static martlet_tiff *allocate(int descriptor, char *error) {
  martlet_tiff *tiff = calloc(1, sizeof *tiff);
  if (tiff == NULL) {
    snprintf(error, MARTLET_IMAGE_ERROR_LENGTH, "out of memory");
    return NULL;
  }
  tiff->descriptor = descriptor;
  return tiff;
}

static martlet_tiff *start(martlet_tiff *tiff, const char *mode, size_t largest_allocation, char *error) {
  TIFFReadWriteProc reading = tiff->descriptor < 0 ? read_bytes : read_file;
  TIFFReadWriteProc writing = tiff->descriptor < 0 ? write_bytes : write_file;
#if TIFFLIB_VERSION >= 20221213
  TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
  if (options != NULL) {
    TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, tiff);
    TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, tiff);
    if (largest_allocation > 0) TIFFOpenOptionsSetMaxSingleMemAlloc(options, (tmsize_t)largest_allocation);
    tiff->file = TIFFClientOpenExt(
        BUFFER_NAME, mode, tiff, reading, writing, seek, close_nothing, size, map_nothing, unmap_nothing,
        options);
    TIFFOpenOptionsFree(options);
  }
#else  // only handlers for the whole process, which are kept silent: errors then carry no text of libtiff's
  (void)largest_allocation;
  TIFFSetErrorHandler(NULL);
  TIFFSetWarningHandler(NULL);
  tiff->file = TIFFClientOpen(
      BUFFER_NAME, mode, tiff, reading, writing, seek, close_nothing, size, map_nothing, unmap_nothing);
#endif
  if (tiff->file != NULL) return tiff;
  const char *reason = tiff->system_error ? strerror(tiff->system_error)
      : tiff->error[0] ? tiff->error : "it cannot be opened";
  snprintf(error, MARTLET_IMAGE_ERROR_LENGTH, "%s", reason);
  martlet_tiff_close(tiff);
  return NULL;
}

martlet_tiff *martlet_tiff_open(const uint8_t *bytes, size_t count, size_t largest_allocation, char *error) {
  martlet_tiff *tiff = allocate(-1, error);
  if (tiff == NULL) return NULL;
  tiff->bytes = (uint8_t *)bytes;
  tiff->count = count;
  // m: the buffer is not to be mapped.
  return start(tiff, "rm", largest_allocation, error);
}

martlet_tiff *martlet_tiff_open_file(int descriptor, uint64_t count, size_t largest_allocation, char *error) {
  martlet_tiff *tiff = allocate(descriptor, error);
  if (tiff == NULL) return NULL;
  tiff->count = (size_t)count;
  // A mapped file that somebody shortens would end the process.
  return start(tiff, "rm", largest_allocation, error);
}

martlet_tiff *martlet_tiff_create(char *error) {
  martlet_tiff *tiff = allocate(-1, error);
  if (tiff == NULL) return NULL;
  tiff->writing = 1;
  // l: little-endian on every machine, so that the same image gives the same bytes.
  return start(tiff, "wl", 0, error);
}

martlet_tiff *martlet_tiff_create_file(int descriptor, int big, char *error) {
  martlet_tiff *tiff = allocate(descriptor, error);
  if (tiff == NULL) return NULL;
  tiff->writing = 1;
  return start(tiff, big ? "w8l" : "wl", 0, error);
}

void martlet_tiff_close(martlet_tiff *tiff) {
  if (tiff == NULL) return;
  if (tiff->file != NULL) TIFFClose(tiff->file);
  if (tiff->writing) free(tiff->bytes);
  free(tiff->jpeg_tables);
  free(tiff);
}

const char *martlet_tiff_error(const martlet_tiff *tiff) { return tiff->error; }

int martlet_tiff_system_error(const martlet_tiff *tiff) { return tiff->system_error; }

// MARK: Strips and tiles compressed as JPEG

static void keep_jpeg_tables(martlet_tiff *tiff) {
  uint32_t count = 0;
  const void *tables = NULL;
  if (!TIFFGetField(tiff->file, TIFFTAG_JPEGTABLES, &count, &tables) || tables == NULL || count == 0) return;
  free(tiff->jpeg_tables);
  tiff->jpeg_tables = malloc(count);
  tiff->jpeg_table_count = count;
  if (tiff->jpeg_tables == NULL) {
    if (tiff->error[0] == 0) snprintf(tiff->error, sizeof tiff->error, "out of memory");
    return;
  }
  memcpy(tiff->jpeg_tables, tables, count);
}

// libtiff's decoder keeps the tables that a strip brings for those that it decodes after it, so that what a strip gives
// would depend on what was read before. A new decoder knows the file's tables alone.
static int begin_block(martlet_tiff *tiff) {
  if (!tiff->is_jpeg) return 1;
  TIFF *file = tiff->file;
  return TIFFSetField(file, TIFFTAG_COMPRESSION, COMPRESSION_NONE) &&
      TIFFSetField(file, TIFFTAG_COMPRESSION, COMPRESSION_JPEG) &&
      (tiff->jpeg_tables == NULL ||
       TIFFSetField(file, TIFFTAG_JPEGTABLES, tiff->jpeg_table_count, tiff->jpeg_tables)) &&
      (!tiff->is_jpeg_read_as_rgb || TIFFSetField(file, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB));
}

// MARK: Reading

void martlet_tiff_read_header(martlet_tiff *tiff, martlet_tiff_header *header) {
  TIFF *file = tiff->file;
  memset(header, 0, sizeof *header);
  TIFFGetField(file, TIFFTAG_IMAGEWIDTH, &header->width);
  TIFFGetField(file, TIFFTAG_IMAGELENGTH, &header->height);
  TIFFGetFieldDefaulted(file, TIFFTAG_BITSPERSAMPLE, &header->bits_per_sample);
  TIFFGetFieldDefaulted(file, TIFFTAG_SAMPLESPERPIXEL, &header->samples_per_pixel);
  TIFFGetFieldDefaulted(file, TIFFTAG_SAMPLEFORMAT, &header->sample_format);
  TIFFGetFieldDefaulted(file, TIFFTAG_PLANARCONFIG, &header->planes);
  TIFFGetFieldDefaulted(file, TIFFTAG_ORIENTATION, &header->orientation);
  TIFFGetFieldDefaulted(file, TIFFTAG_ROWSPERSTRIP, &header->rows_per_strip);
  TIFFGetFieldDefaulted(file, TIFFTAG_COMPRESSION, &header->compression);
  // Without the field, three samples are colours and fewer are grey, as most readers have it.
  if (!TIFFGetField(file, TIFFTAG_PHOTOMETRIC, &header->photometric))
    header->photometric = header->samples_per_pixel >= 3 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK;
  if (TIFFIsTiled(file)) {
    TIFFGetField(file, TIFFTAG_TILEWIDTH, &header->tile_width);
    TIFFGetField(file, TIFFTAG_TILELENGTH, &header->tile_height);
  }
  tiff->is_jpeg = header->compression == COMPRESSION_JPEG;
  if (tiff->is_jpeg) keep_jpeg_tables(tiff);
  if (tiff->is_jpeg && header->photometric == PHOTOMETRIC_YCBCR && header->planes == PLANARCONFIG_CONTIG &&
      TIFFSetField(file, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB)) {
    tiff->is_jpeg_read_as_rgb = 1;
    header->photometric = PHOTOMETRIC_RGB;
  }
}

int martlet_tiff_can_decode(uint16_t compression) { return TIFFIsCODECConfigured(compression); }

uint32_t martlet_tiff_page_count(martlet_tiff *tiff) {
  char error[MARTLET_IMAGE_ERROR_LENGTH];
  const int system_error = tiff->system_error;
  memcpy(error, tiff->error, sizeof error);
  const uint32_t pages = (uint32_t)TIFFNumberOfDirectories(tiff->file);
  memcpy(tiff->error, error, sizeof error);
  tiff->system_error = system_error;
  return pages < 1 ? 1 : pages;
}

int martlet_tiff_palette(
    martlet_tiff *tiff, const uint16_t **red, const uint16_t **green, const uint16_t **blue) {
  uint16_t *values[3] = {NULL, NULL, NULL};
  if (!TIFFGetField(tiff->file, TIFFTAG_COLORMAP, &values[0], &values[1], &values[2])) return 0;
  *red = values[0];
  *green = values[1];
  *blue = values[2];
  return values[0] != NULL && values[1] != NULL && values[2] != NULL;
}

size_t martlet_tiff_row_bytes(martlet_tiff *tiff) {
  tmsize_t size = TIFFScanlineSize(tiff->file);
  return size < 0 ? 0 : (size_t)size;
}

size_t martlet_tiff_tile_row_bytes(martlet_tiff *tiff) {
  tmsize_t size = TIFFTileRowSize(tiff->file);
  return size < 0 ? 0 : (size_t)size;
}

size_t martlet_tiff_tile_bytes(martlet_tiff *tiff) {
  tmsize_t size = TIFFTileSize(tiff->file);
  return size < 0 ? 0 : (size_t)size;
}

// Some codecs, those of faxes for one, call it a success where data end before the last row. What they leave is cleared
// beforehand, so that no pixel is what was in memory before.
int martlet_tiff_read_strip(martlet_tiff *tiff, uint32_t strip, void *into, size_t count) {
  memset(into, 0, count);
  return begin_block(tiff) && TIFFReadEncodedStrip(tiff->file, strip, into, (tmsize_t)count) == (tmsize_t)count;
}

int martlet_tiff_read_tile(martlet_tiff *tiff, uint32_t tile, void *into, size_t count) {
  memset(into, 0, count);
  return begin_block(tiff) && TIFFReadEncodedTile(tiff->file, tile, into, (tmsize_t)count) == (tmsize_t)count;
}

// Whether a strip's bytes are its samples, but for the order of two bytes.
static int is_stored_plainly(TIFF *file) {
  uint16_t compression = 0, fill_order = 0;
  TIFFGetFieldDefaulted(file, TIFFTAG_COMPRESSION, &compression);
  TIFFGetFieldDefaulted(file, TIFFTAG_FILLORDER, &fill_order);
  return compression == COMPRESSION_NONE && fill_order == FILLORDER_MSB2LSB;
}

// libtiff would read the whole strip for its first row.
static int read_plain_row(martlet_tiff *tiff, uint32_t row, uint16_t plane, void *into, size_t count) {
  TIFF *file = tiff->file;
  uint32_t rows_per_strip = 0, height = 0;
  uint16_t bits = 0;
  TIFFGetFieldDefaulted(file, TIFFTAG_ROWSPERSTRIP, &rows_per_strip);
  TIFFGetField(file, TIFFTAG_IMAGELENGTH, &height);
  TIFFGetFieldDefaulted(file, TIFFTAG_BITSPERSAMPLE, &bits);
  if (row >= height || rows_per_strip == 0) return 0;
  const uint32_t strip = TIFFComputeStrip(file, row, plane);
  const uint64_t offset = (uint64_t)(row % rows_per_strip) * count;
  if (strip >= TIFFNumberOfStrips(file) || offset + count > TIFFGetStrileByteCount(file, strip)) return 0;
  tiff->position = TIFFGetStrileOffset(file, strip) + offset;
  tmsize_t got = tiff->descriptor < 0 ? read_bytes(tiff, into, (tmsize_t)count) : read_file(tiff, into, (tmsize_t)count);
  if (got != (tmsize_t)count) return 0;
  if (bits == 16 && TIFFIsByteSwapped(file)) TIFFSwabArrayOfShort(into, got / 2);
  return 1;
}

int martlet_tiff_read_row(martlet_tiff *tiff, uint32_t row, uint16_t plane, void *into, size_t count) {
  if (TIFFScanlineSize(tiff->file) != (tmsize_t)count) return 0;
  if (!tiff->is_jpeg && is_stored_plainly(tiff->file)) return read_plain_row(tiff, row, plane, into, count);
  uint32_t rows_per_strip = 0;
  TIFFGetFieldDefaulted(tiff->file, TIFFTAG_ROWSPERSTRIP, &rows_per_strip);
  if (rows_per_strip == 0) return 0;
  // Most codecs cannot skip rows, so those between are decoded.
  const uint32_t strip = TIFFComputeStrip(tiff->file, row, plane);
  const int goes_on = tiff->next_row > 0 && tiff->next_strip == strip && tiff->next_row <= row;
  uint32_t next = goes_on ? tiff->next_row : row - row % rows_per_strip;
  tiff->next_row = 0;
  if (!goes_on && !begin_block(tiff)) return 0;
  for (; next <= row; next++) {
    memset(into, 0, count);
    if (TIFFReadScanline(tiff->file, into, next, plane) != 1) return 0;
  }
  tiff->next_row = row + 1;
  tiff->next_strip = strip;
  return 1;
}

// MARK: Writing

int martlet_tiff_write_header(
    martlet_tiff *tiff, const martlet_tiff_header *header, const uint16_t *red, const uint16_t *green,
    const uint16_t *blue) {
  TIFF *file = tiff->file;
  int done = TIFFSetField(file, TIFFTAG_IMAGEWIDTH, header->width) &&
      TIFFSetField(file, TIFFTAG_IMAGELENGTH, header->height) &&
      TIFFSetField(file, TIFFTAG_BITSPERSAMPLE, header->bits_per_sample) &&
      TIFFSetField(file, TIFFTAG_SAMPLESPERPIXEL, header->samples_per_pixel) &&
      TIFFSetField(file, TIFFTAG_SAMPLEFORMAT, header->sample_format) &&
      TIFFSetField(file, TIFFTAG_PHOTOMETRIC, header->photometric) &&
      TIFFSetField(file, TIFFTAG_PLANARCONFIG, header->planes) &&
      TIFFSetField(file, TIFFTAG_ORIENTATION, header->orientation) &&
      TIFFSetField(file, TIFFTAG_COMPRESSION, header->compression);
  if (header->compression == COMPRESSION_ADOBE_DEFLATE && header->bits_per_sample >= 8 &&
      header->sample_format == SAMPLEFORMAT_UINT)
    done = done && TIFFSetField(file, TIFFTAG_PREDICTOR, PREDICTOR_HORIZONTAL);
  if (header->tile_width > 0) {
    done = done && TIFFSetField(file, TIFFTAG_TILEWIDTH, header->tile_width) &&
        TIFFSetField(file, TIFFTAG_TILELENGTH, header->tile_height);
  } else {
    done = done && TIFFSetField(file, TIFFTAG_ROWSPERSTRIP, header->rows_per_strip);
  }
  int colors = header->photometric == PHOTOMETRIC_RGB ? 3 : 1;
  const int extra = header->samples_per_pixel - colors;
  if (extra > 0) {
    // One more channel is alpha, unless the samples are no picture; of several nothing can be said.
    const int is_alpha = extra == 1 && header->sample_format == SAMPLEFORMAT_UINT && !header->is_data;
    uint16_t *kinds = calloc((size_t)extra, sizeof *kinds);
    if (kinds == NULL) return 0;
    if (is_alpha) kinds[0] = EXTRASAMPLE_UNASSALPHA;
    done = done && TIFFSetField(file, TIFFTAG_EXTRASAMPLES, extra, kinds);
    free(kinds);
  }
  if (red != NULL) done = done && TIFFSetField(file, TIFFTAG_COLORMAP, red, green, blue);
  return done;
}

int martlet_tiff_write_strip(martlet_tiff *tiff, uint32_t strip, const void *from, size_t count) {
  return TIFFWriteEncodedStrip(tiff->file, strip, (void *)from, (tmsize_t)count) == (tmsize_t)count;
}

int martlet_tiff_write_tile(martlet_tiff *tiff, uint32_t tile, const void *from, size_t count) {
  return TIFFWriteEncodedTile(tiff->file, tile, (void *)from, (tmsize_t)count) == (tmsize_t)count;
}

int martlet_tiff_finish_file(martlet_tiff *tiff) {
  int done = TIFFFlush(tiff->file);
  TIFFClose(tiff->file);
  tiff->file = NULL;
  return done && tiff->error[0] == 0 && tiff->system_error == 0;
}

int martlet_tiff_finish(martlet_tiff *tiff, uint8_t **bytes, size_t *count) {
  int done = martlet_tiff_finish_file(tiff);
  *bytes = done ? tiff->bytes : NULL;
  *count = done ? tiff->count : 0;
  if (done) {
    tiff->bytes = NULL;
    tiff->count = tiff->capacity = 0;
  }
  return done;
}
