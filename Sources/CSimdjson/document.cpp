// Any JSON text: checked whole once, then asked for single values.
#include "tokens.h"

using namespace leadscored;

namespace {

/// What is known of a token at which a value begins.
struct Known {
    uint32_t after;  // the token behind the value
    uint32_t copied; // of a string: where its unescaped copy begins in the buffer, plus one
    uint32_t length; // of that copy
};

} // namespace

struct lsj_document : Tokens {
    std::unique_ptr<Known[]> known;
    size_t known_capacity = 0;

    Walk check(int depth);
    Walk check_members(bool object, int depth);
    uint8_t byte(uint32_t index) const { return index < tokens ? line[place[index]] : 0; }
    Token written(uint32_t value) const {
        return {line + place[value], token(known[value].after - 1).end};
    }
    bool is_key(uint32_t index, const uint8_t *key, size_t count);
};

/// Checks the value at the cursor, notes where it ends, and moves behind it.
Walk lsj_document::check(int depth) {
    const uint32_t value = cursor;
    Walk result = Walk::ok;
    switch (peek()) {
    case '{': result = check_members(true, depth); break;
    case '[': result = check_members(false, depth); break;
    case '"': if (!check_string(token(cursor++))) result = Walk::json; break;
    case 0: return Walk::json;
    default: {
        Token text = token(cursor++);
        bool literal = text.is("true", 4) || text.is("false", 5) || text.is("null", 4);
        if (!literal && number_kind(text) == LSJ_ABSENT) result = Walk::json;
    }
    }
    known[value] = {cursor, 0, 0};
    return result;
}

/// Checks an object or an array, whose bracket is at the cursor and makes `depth` levels.
Walk lsj_document::check_members(bool object, int depth) {
    if (depth > max_depth) return Walk::depth;
    const char close = object ? '}' : ']';
    cursor++;
    if (next_is(close)) return Walk::ok;
    for (int members = 1;; members++) {
        if (object) {
            known[cursor] = {cursor + 1, 0, 0};
            if (members > max_keys || peek() != '"' || !check_string(token(cursor++)) || !next_is(':'))
                return Walk::json;
        }
        Walk inner = check(depth + 1);
        if (inner != Walk::ok) return inner;
        if (next_is(close)) return Walk::ok;
        if (!next_is(',')) return Walk::json;
    }
}

/// Whether the string at a token says `key`.
bool lsj_document::is_key(uint32_t index, const uint8_t *key, size_t count) {
    Token text = token(index);
    const uint8_t *start = text.start + 1, *end = text.end - 1;
    if (!escapes || !memchr(start, '\\', size_t(end - start)))
        return size_t(end - start) == count && memcmp(start, key, count) == 0;
    // Behind everything that is kept there is room for each string that is not.
    ptrdiff_t length = unescape(start, end, free_bytes);
    return length == ptrdiff_t(count) && memcmp(free_bytes, key, count) == 0;
}

extern "C" lsj_document *lsj_document_new(void) {
    lsj_document *document = new (std::nothrow) lsj_document;
    if (!document) abort();
    document->reserve(first_capacity);
    return document;
}

extern "C" void lsj_document_free(lsj_document *document) { delete document; }

extern "C" int lsj_document_open(lsj_document *document, const uint8_t *text, size_t count) {
    if (count == 0 || count > UINT32_MAX / 2) return LSJ_JSON;
    document->tokens = 0;
    if (!document->find(text, count)) return document->syntax_error(count, LSJ_JSON);
    if (document->known_capacity <= document->tokens) {
        document->known_capacity = 2 * size_t(document->tokens) + 256;
        document->known.reset(new (std::nothrow) Known[document->known_capacity]);
        if (!document->known) abort();
    }
    switch (document->check(1)) {
    case Walk::json: return document->syntax_error(count, LSJ_JSON);
    case Walk::depth: return document->syntax_error(count, LSJ_DEPTH);
    case Walk::ok: break;
    }
    return document->cursor == document->tokens ? LSJ_OK : document->syntax_error(count, LSJ_JSON);
}

extern "C" lsj_slice lsj_document_raw(const lsj_document *document, uint32_t value) {
    Token text = document->written(value);
    return {text.start, uint32_t(text.count()), LSJ_STRING};
}

extern "C" lsj_slice lsj_document_value(lsj_document *document, uint32_t value) {
    lsj_slice slice = lsj_document_raw(document, value);
    switch (document->byte(value)) {
    case '{': slice.kind = LSJ_OBJECT; return slice;
    case '[': slice.kind = LSJ_ARRAY; return slice;
    case 't': case 'f': slice.kind = LSJ_BOOLEAN; return slice;
    case 'n': slice.kind = LSJ_ABSENT; return slice;
    case '"': break;
    default: slice.kind = number_kind({slice.start, slice.start + slice.count}); return slice;
    }
    slice.start++;
    slice.count -= 2;
    if (!document->escapes || !memchr(slice.start, '\\', slice.count)) return slice;
    Known &known = document->known[value];
    if (known.copied == 0) {
        known.copied = uint32_t(document->free_bytes - document->buffer.get()) + 1;
        known.length = uint32_t(
            unescape(slice.start, slice.start + slice.count, document->free_bytes));
        document->free_bytes += known.length;
    }
    slice.start = document->buffer.get() + known.copied - 1;
    slice.count = known.length;
    return slice;
}

extern "C" uint32_t lsj_document_member(
    lsj_document *document, uint32_t value, const uint8_t *key, size_t count, int *twice) {
    if (document->byte(value) != '{') return LSJ_NONE;
    uint32_t found = LSJ_NONE;
    uint32_t at = lsj_document_first(document, value);
    for (; at != LSJ_NONE; at = lsj_document_next(document, at + 2)) {
        if (!document->is_key(at, key, count)) continue;
        if (found == LSJ_NONE) found = at + 2;
        else if (!document->written(found).equals(document->written(at + 2))) *twice = 1;
    }
    return found;
}

extern "C" uint32_t lsj_document_first(const lsj_document *document, uint32_t value) {
    const uint8_t open = document->byte(value);
    if (open != '{' && open != '[') return LSJ_NONE;
    const uint8_t next = document->byte(value + 1);
    return next == '}' || next == ']' ? LSJ_NONE : value + 1;
}

extern "C" uint32_t lsj_document_next(const lsj_document *document, uint32_t value) {
    const uint32_t after = document->known[value].after;
    return document->byte(after) == ',' ? after + 1 : LSJ_NONE;
}

extern "C" uint32_t lsj_document_of_key(uint32_t key) { return key + 2; }
