// The escapes of JSON strings, and nothing that is not Unicode.
#pragma once

#include <cstddef>
#include <cstdint>

namespace leadscored {

/// The value of four hexadecimal digits, or -1.
inline int32_t hex4(const uint8_t *from, const uint8_t *end) {
    if (end - from < 4) return -1;
    int32_t value = 0;
    for (int place = 0; place < 4; place++) {
        uint8_t digit = from[place], letter = digit | 0x20;
        if (digit >= '0' && digit <= '9') value = value * 16 + (digit - '0');
        else if (letter >= 'a' && letter <= 'f') value = value * 16 + (letter - 'a' + 10);
        else return -1;
    }
    return value;
}

/// Writes a code point as UTF-8 and returns how many bytes that took.
inline size_t encode(uint32_t point, uint8_t *to) {
    if (point < 0x80) {
        to[0] = uint8_t(point);
        return 1;
    }
    if (point < 0x800) {
        to[0] = uint8_t(0xC0 | point >> 6);
        to[1] = uint8_t(0x80 | (point & 0x3F));
        return 2;
    }
    if (point < 0x10000) {
        to[0] = uint8_t(0xE0 | point >> 12);
        to[1] = uint8_t(0x80 | (point >> 6 & 0x3F));
        to[2] = uint8_t(0x80 | (point & 0x3F));
        return 3;
    }
    to[0] = uint8_t(0xF0 | point >> 18);
    to[1] = uint8_t(0x80 | (point >> 12 & 0x3F));
    to[2] = uint8_t(0x80 | (point >> 6 & 0x3F));
    to[3] = uint8_t(0x80 | (point & 0x3F));
    return 4;
}

/// Reads the digits of \uXXXX and, for a high surrogate, the low one that must follow.
/// Returns the code point and moves `from` behind it, or returns -1.
inline int32_t code_point(const uint8_t *&from, const uint8_t *end) {
    int32_t unit = hex4(from, end);
    if (unit < 0) return -1;
    from += 4;
    if (unit < 0xD800 || unit > 0xDFFF) return unit;
    if (unit > 0xDBFF || end - from < 6 || from[0] != '\\' || from[1] != 'u') return -1;
    int32_t low = hex4(from + 2, end);
    if (low < 0xDC00 || low > 0xDFFF) return -1;
    from += 6;
    return 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
}

/// The byte that a one-letter escape stands for, or 0.
inline uint8_t plain_escape(uint8_t letter) {
    switch (letter) {
    case '"': case '\\': case '/': return letter;
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return 0;
    }
}

/// Unescapes the inside of a string; the result is never longer. Returns its length, or -1 if an
/// escape is none. A lone surrogate is none: nothing in UTF-8 could stand for it.
inline ptrdiff_t unescape(const uint8_t *from, const uint8_t *end, uint8_t *to) {
    uint8_t *const first = to;
    while (from < end) {
        if (*from != '\\') {
            *to++ = *from++;
            continue;
        }
        if (++from == end) return -1;
        uint8_t letter = *from++;
        if (letter != 'u') {
            uint8_t byte = plain_escape(letter);
            if (byte == 0) return -1;
            *to++ = byte;
            continue;
        }
        int32_t point = code_point(from, end);
        if (point < 0) return -1;
        to += encode(uint32_t(point), to);
    }
    return to - first;
}

} // namespace leadscored
