#include "martlet_pause.h"
