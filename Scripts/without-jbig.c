// What libtiff asks of JBIG-KIT, answered with an error: pictures in JBIG, which fax machines send, cannot be read.

#include <stddef.h>

enum { CANNOT = 1 };

void jbg_dec_init(void *state) {}
int jbg_dec_in(void *state, unsigned char *data, size_t length, size_t *read) { return CANNOT; }
unsigned char *jbg_dec_getimage(const void *state, int plane) { return NULL; }
unsigned long jbg_dec_getsize(const void *state) { return 0; }
void jbg_dec_free(void *state) {}
int jbg_newlen(unsigned char *data, size_t length) { return CANNOT; }
const char *jbg_strerror(int error) { return "this program was built without JBIG"; }

// Nothing writes JBIG; libtiff's table of codecs names these.
void jbg_enc_init(void *state, unsigned long width, unsigned long height, int planes, unsigned char **bits,
                  void (*out)(unsigned char *, size_t, void *), void *file) {}
void jbg_enc_out(void *state) {}
void jbg_enc_free(void *state) {}
