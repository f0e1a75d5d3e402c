#ifndef MARTLET_TIFF_H
#define MARTLET_TIFF_H
#include <tiffio.h>
#endif
