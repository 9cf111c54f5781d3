// The gzip format by zlib.
#include <zlib.h>

/// inflateInit2 is a macro; 16 makes it take gzip's headers and nothing else.
static inline int leadscored_gunzip_init(z_stream *stream) {
    return inflateInit2(stream, 15 + 16);
}
