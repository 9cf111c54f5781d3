// Domain names (IDNA 2008 and UTS 46) by libidn2, Unicode normalisation by libunistring.
#include <idn2.h>
#include <stddef.h>
#include <stdint.h>
#include <uninorm.h>

/// UNINORM_NFC is a macro with a cast, which Swift does not import.
static inline uint8_t *leadscored_nfc(
    const uint8_t *bytes, size_t count, uint8_t *buffer, size_t *length) {
    return u8_normalize(UNINORM_NFC, bytes, count, buffer, length);
}
