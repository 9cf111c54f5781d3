// XXH3 as inline code, so that a short key costs a few nanoseconds and no call.
#define XXH_INLINE_ALL
#include <xxhash.h>

/// XXH_INLINE_ALL renames the library's functions by macros, which Swift does not see.
static inline uint64_t leadscored_hash64(
    const void *bytes, size_t count, const void *secret, size_t secret_length) {
    return XXH3_64bits_withSecret(bytes, count, secret, secret_length);
}

/// Asks for the cache line at an address, which may be any.
static inline void leadscored_prefetch(const void *address) { __builtin_prefetch(address, 1, 3); }
