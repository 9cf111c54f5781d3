// HMAC-SHA256 by nettle.
#include <nettle/hmac.h>
#include <stddef.h>
#include <stdint.h>

/// Writes the 32 bytes of the HMAC of some bytes. Nettle's functions are renamed by macros, which
/// Swift does not see.
static inline void leadscored_hmac_sha256(
    const uint8_t *key, size_t key_count, const uint8_t *bytes, size_t count, uint8_t *digest) {
    struct hmac_sha256_ctx context;
    hmac_sha256_set_key(&context, key_count, key);
    hmac_sha256_update(&context, count, bytes);
    hmac_sha256_digest(&context, SHA256_DIGEST_SIZE, digest);
}
