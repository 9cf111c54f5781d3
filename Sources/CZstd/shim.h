// The Zstandard format by libzstd.
#include <zstd.h>
