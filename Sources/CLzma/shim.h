// The .xz format by liblzma.
#include <lzma.h>
