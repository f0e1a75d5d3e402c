// Fields of libtiff that are set and read through variadic calls.
#include "martlet_tiff.h"
