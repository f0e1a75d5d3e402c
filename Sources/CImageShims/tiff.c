// libtiff over a buffer in memory, with plain functions in place of variadic ones.
#include "martlet_tiff.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>
#include <tiffvers.h>

#include "martlet_png.h"

struct martlet_tiff {
  TIFF *file;
  uint8_t *bytes;  // never written when the file is read
  size_t count;
  size_t capacity;
  uint64_t position;
  int writing;
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

static martlet_tiff *start(martlet_tiff *tiff, const char *mode, size_t largest_allocation, char *error) {
#if TIFFLIB_VERSION >= 20221213
  TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
  if (options != NULL) {
    TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, tiff);
    TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, tiff);
    if (largest_allocation > 0) TIFFOpenOptionsSetMaxSingleMemAlloc(options, (tmsize_t)largest_allocation);
    tiff->file = TIFFClientOpenExt(
        BUFFER_NAME, mode, tiff, read_bytes, write_bytes, seek, close_nothing, size, map_nothing, unmap_nothing,
        options);
    TIFFOpenOptionsFree(options);
  }
#else  // only handlers for the whole process, which are kept silent: errors then carry no text of libtiff's
  (void)largest_allocation;
  TIFFSetErrorHandler(NULL);
  TIFFSetWarningHandler(NULL);
  tiff->file = TIFFClientOpen(
      BUFFER_NAME, mode, tiff, read_bytes, write_bytes, seek, close_nothing, size, map_nothing, unmap_nothing);
#endif
  if (tiff->file != NULL) return tiff;
  const char *reason = tiff->error[0] ? tiff->error : "it cannot be opened";
  snprintf(error, MARTLET_IMAGE_ERROR_LENGTH, "%s", reason);
  martlet_tiff_close(tiff);
  return NULL;
}

martlet_tiff *martlet_tiff_open(const uint8_t *bytes, size_t count, size_t largest_allocation, char *error) {
  martlet_tiff *tiff = calloc(1, sizeof *tiff);
  if (tiff == NULL) {
    snprintf(error, MARTLET_IMAGE_ERROR_LENGTH, "out of memory");
    return NULL;
  }
  tiff->bytes = (uint8_t *)bytes;
  tiff->count = count;
  // m: the buffer is not to be mapped.
  return start(tiff, "rm", largest_allocation, error);
}

martlet_tiff *martlet_tiff_create(char *error) {
  martlet_tiff *tiff = calloc(1, sizeof *tiff);
  if (tiff == NULL) {
    snprintf(error, MARTLET_IMAGE_ERROR_LENGTH, "out of memory");
    return NULL;
  }
  tiff->writing = 1;
  // l: little-endian on every machine, so that the same image gives the same bytes.
  return start(tiff, "wl", 0, error);
}

void martlet_tiff_close(martlet_tiff *tiff) {
  if (tiff == NULL) return;
  if (tiff->file != NULL) TIFFClose(tiff->file);
  if (tiff->writing) free(tiff->bytes);
  free(tiff);
}

const char *martlet_tiff_error(const martlet_tiff *tiff) { return tiff->error; }

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
  if (header->compression == COMPRESSION_JPEG && header->photometric == PHOTOMETRIC_YCBCR &&
      header->planes == PLANARCONFIG_CONTIG &&
      TIFFSetField(file, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB))
    header->photometric = PHOTOMETRIC_RGB;
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

int martlet_tiff_read_strip(martlet_tiff *tiff, uint32_t strip, void *into, size_t count) {
  return TIFFReadEncodedStrip(tiff->file, strip, into, (tmsize_t)count) == (tmsize_t)count;
}

int martlet_tiff_read_tile(martlet_tiff *tiff, uint32_t tile, void *into, size_t count) {
  return TIFFReadEncodedTile(tiff->file, tile, into, (tmsize_t)count) == (tmsize_t)count;
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
  if (header->compression == COMPRESSION_ADOBE_DEFLATE && header->bits_per_sample >= 8)
    done = done && TIFFSetField(file, TIFFTAG_PREDICTOR, PREDICTOR_HORIZONTAL);
  if (header->tile_width > 0) {
    done = done && TIFFSetField(file, TIFFTAG_TILEWIDTH, header->tile_width) &&
        TIFFSetField(file, TIFFTAG_TILELENGTH, header->tile_height);
  } else {
    done = done && TIFFSetField(file, TIFFTAG_ROWSPERSTRIP, header->rows_per_strip);
  }
  int colors = header->photometric == PHOTOMETRIC_RGB ? 3 : 1;
  if (header->samples_per_pixel > colors) {
    const uint16_t alpha = EXTRASAMPLE_UNASSALPHA;
    done = done && TIFFSetField(file, TIFFTAG_EXTRASAMPLES, 1, &alpha);
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

int martlet_tiff_finish(martlet_tiff *tiff, uint8_t **bytes, size_t *count) {
  int done = TIFFFlush(tiff->file);
  TIFFClose(tiff->file);
  tiff->file = NULL;
  done = done && tiff->error[0] == 0;
  *bytes = done ? tiff->bytes : NULL;
  *count = done ? tiff->count : 0;
  if (done) {
    tiff->bytes = NULL;
    tiff->count = tiff->capacity = 0;
  }
  return done;
}
