// The tokens of a line of JSON, by simdjson's first stage.
#pragma once

#include "csimdjson.h"

#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <simdjson.h>

#include "escapes.h"

namespace leadscored {

constexpr int max_depth = 64;
constexpr int max_keys = 256;
constexpr size_t first_capacity = 16 * 1024;

/// What the walk reports on the spot, against `flaw`, which waits until the line is known to be JSON.
enum class Walk { ok, json, depth };

struct Token {
    const uint8_t *start;
    const uint8_t *end;
    size_t count() const { return size_t(end - start); }
    bool is(const char *text, size_t length) const {
        return count() == length && memcmp(start, text, length) == 0;
    }
    bool equals(const Token &other) const {
        return count() == other.count() && memcmp(start, other.start, count()) == 0;
    }
};

inline bool is_digit(const uint8_t *at, const uint8_t *end) { return at < end && uint8_t(*at - '0') <= 9; }

/// The kind of a token that is a number by JSON's grammar, LSJ_ABSENT if it is none.
inline lsj_kind number_kind(Token token) {
    const uint8_t *at = token.start, *end = token.end;
    if (at < end && *at == '-') at++;
    if (!is_digit(at, end)) return LSJ_ABSENT;
    if (*at++ != '0') while (is_digit(at, end)) at++;
    if (at == end) return LSJ_INTEGER;
    if (*at == '.') {
        if (!is_digit(++at, end)) return LSJ_ABSENT;
        while (is_digit(at, end)) at++;
    }
    if (at < end && (*at | 0x20) == 'e') {
        if (++at < end && (*at == '+' || *at == '-')) at++;
        if (!is_digit(at, end)) return LSJ_ABSENT;
        while (is_digit(at, end)) at++;
    }
    return at == end ? LSJ_NUMBER : LSJ_ABSENT;
}

/// A text whose tokens simdjson's first stage has found, and a cursor that walks over them.
struct Tokens {
    std::unique_ptr<simdjson::internal::dom_parser_implementation> stage;
    std::unique_ptr<uint8_t[]> buffer; // unescaped strings of the line, never more than the line
    size_t capacity = 0;

    // The line that is being walked.
    const uint8_t *line;
    const uint32_t *place;      // of each token; place[tokens] is the line's length
    uint32_t tokens;
    uint32_t cursor;
    bool escapes;               // whether the line has a backslash at all
    uint8_t *free_bytes;        // in `buffer`

    void reserve(size_t count);
    bool find(const uint8_t *text, size_t count);
    int syntax_error(size_t count, int otherwise) const;
    bool check_string(Token token) const;

    uint8_t peek() const { return cursor < tokens ? line[place[cursor]] : 0; }
    bool next_is(char byte) {
        if (peek() != uint8_t(byte)) return false;
        cursor++;
        return true;
    }
    /// From a token's start to its last byte that is no blank: stage one marks no ends.
    Token token(uint32_t index) const {
        const uint8_t *start = line + place[index], *end = line + place[index + 1];
        while (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r' || end[-1] == '\n') end--;
        return {start, end};
    }
};

inline void Tokens::reserve(size_t count) {
    if (count <= capacity) return;
    size_t wanted = capacity ? capacity : first_capacity;
    while (wanted < count) wanted *= 2;
    auto &implementation = simdjson::get_active_implementation();
    if (implementation->create_dom_parser_implementation(wanted, max_depth, stage)) abort();
    buffer.reset(new (std::nothrow) uint8_t[wanted]);
    if (!buffer) abort();
    capacity = wanted;
}

/// Why a line is no JSON, the plainest reason first.
inline int Tokens::syntax_error(size_t count, int otherwise) const {
    if (memchr(line, 0, count)) return LSJ_NUL;
    if (!simdjson::validate_utf8(reinterpret_cast<const char *>(line), count)) return LSJ_UTF8;
    return otherwise;
}

/// Whether a string token ends where it must and its escapes are some.
inline bool Tokens::check_string(Token token) const {
    if (token.count() < 2 || token.end[-1] != '"') return false;
    if (!escapes || !memchr(token.start, '\\', token.count())) return true;
    // The rest of the buffer is long enough, and nobody keeps what is written there.
    return unescape(token.start + 1, token.end - 1, free_bytes) >= 0;
}

/// Finds the tokens of a text, behind which 64 bytes are readable; false if it cannot be JSON.
inline bool Tokens::find(const uint8_t *text, size_t count) {
    reserve(count);
    line = text;
    cursor = 0;
    if (stage->stage1(text, count, simdjson::stage1_mode::regular)) return false;
    place = stage->structural_indexes.get();
    tokens = stage->n_structural_indexes;
    escapes = memchr(text, '\\', count) != nullptr;
    free_bytes = buffer.get();
    return true;
}

} // namespace leadscored
