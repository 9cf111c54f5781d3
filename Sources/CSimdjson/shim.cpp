#include "csimdjson.h"

#include <cstring>
#include <new>

#include "tokens.h"

using namespace leadscored;

namespace {

/// The fields in the order of lsj_event; traits come last.
enum Field : int {
    ts, type, customer_id, email, cookie, id, url, campaign, message, search, value, currency,
    status, bounce, ua, ip, stage, owner, slices, traits = slices, unknown = -1
};
static_assert(offsetof(lsj_event, owner) == owner * sizeof(lsj_slice), "order of the fields");
static_assert(offsetof(lsj_event, traits) == slices * sizeof(lsj_slice), "order of the fields");

constexpr uint32_t bit(Field field) { return 1u << field; }
constexpr uint32_t takes_integer = bit(ts) | bit(customer_id) | bit(cookie) | bit(id)
    | bit(message) | bit(campaign) | bit(status) | bit(value);
constexpr uint32_t takes_number = bit(ts) | bit(value);

Field field_named(const uint8_t *name, size_t count) {
#define NAMED(field) if (memcmp(name, #field, count) == 0) return field
    switch (count) {
    case 2: NAMED(ts); NAMED(id); NAMED(ua); NAMED(ip); break;
    case 3: NAMED(url); break;
    case 4: NAMED(type); break;
    case 5: NAMED(email); NAMED(value); NAMED(stage); NAMED(owner); break;
    case 6: NAMED(cookie); NAMED(search); NAMED(status); NAMED(bounce); NAMED(traits); break;
    case 7: NAMED(message); break;
    case 8: NAMED(campaign); NAMED(currency); break;
    case 11: NAMED(customer_id); break;
    }
#undef NAMED
    return unknown;
}

} // namespace

struct lsj_parser : leadscored::Tokens {
    lsj_trait kept_traits[LSJ_TRAITS];
    uint32_t stated;            // a bit per Field
    Token raw[slices + 1];      // the values as written, for fields stated twice
    int flaw;                   // an lsj_error that stands if the line is JSON

    Walk walk(lsj_event *event);
    Walk walk_field(lsj_event *event);
    Walk walk_traits(Token *written, lsj_event *event);
    Walk skip_value(int depth);
    Walk skip_members(bool object, int depth);
    bool take_string(lsj_slice *slice);
    bool take_escapes(lsj_slice *slice);
    Walk take_scalar(Field field, Token token, lsj_slice *slice);
    void note(int error) { if (flaw == LSJ_OK) flaw = error; }
};

/// The string at the cursor, unescaped.
inline bool lsj_parser::take_string(lsj_slice *slice) {
    Token text = token(cursor++);
    if (text.count() < 2 || text.end[-1] != '"') return false;
    slice->start = text.start + 1;
    slice->count = uint32_t(text.count() - 2);
    slice->kind = LSJ_STRING;
    return !escapes || take_escapes(slice);
}

/// Replaces the inside of a string by its unescaped copy if it has escapes.
bool lsj_parser::take_escapes(lsj_slice *slice) {
    if (!memchr(slice->start, '\\', slice->count)) return true;
    ptrdiff_t count = leadscored::unescape(slice->start, slice->start + slice->count, free_bytes);
    if (count < 0) return false;
    slice->start = free_bytes;
    slice->count = uint32_t(count);
    free_bytes += count;
    if (memchr(slice->start, 0, slice->count)) note(LSJ_NUL);
    return true;
}

/// Checks the value at the cursor, whatever it is, and moves behind it.
Walk lsj_parser::skip_value(int depth) {
    switch (peek()) {
    case '{': return skip_members(true, depth);
    case '[': return skip_members(false, depth);
    case '"': return check_string(token(cursor++)) ? Walk::ok : Walk::json;
    case 0: return Walk::json;
    default: {
        Token text = token(cursor++);
        bool literal = text.is("true", 4) || text.is("false", 5) || text.is("null", 4);
        return literal || number_kind(text) != LSJ_ABSENT ? Walk::ok : Walk::json;
    }
    }
}

/// Checks an object or an array, whose bracket is at the cursor and makes `depth` levels.
Walk lsj_parser::skip_members(bool object, int depth) {
    if (depth > max_depth) return Walk::depth;
    const char close = object ? '}' : ']';
    cursor++;
    if (next_is(close)) return Walk::ok;
    for (int members = 1;; members++) {
        if (object) {
            if (members > max_keys || peek() != '"' || !check_string(token(cursor++)) || !next_is(':'))
                return Walk::json;
        }
        Walk inner = skip_value(depth + 1);
        if (inner != Walk::ok) return inner;
        if (next_is(close)) return Walk::ok;
        if (!next_is(',')) return Walk::json;
    }
}

/// The object of traits at the cursor.
Walk lsj_parser::walk_traits(Token *written, lsj_event *event) {
    const uint8_t *start = line + place[cursor++];
    event->traits_count = 0;
    event->traits_overflow = 0;
    bool empty = next_is('}');
    for (int members = 1; !empty; members++) {
        lsj_slice attribute;
        if (members > max_keys || peek() != '"' || !take_string(&attribute) || !next_is(':'))
            return Walk::json;
        const uint32_t first = cursor;
        Walk inner = skip_value(3);
        if (inner != Walk::ok) return inner;
        Token text = {line + place[first], token(cursor - 1).end};
        bool known = false;
        for (uint32_t index = 0; index < event->traits_count && !known; index++) {
            const lsj_trait &other = kept_traits[index];
            known = other.attribute.count == attribute.count
                && memcmp(other.attribute.start, attribute.start, attribute.count) == 0;
            if (known && !text.equals({other.value.start, other.value.start + other.value.count}))
                note(LSJ_DUPLICATE_KEY);
        }
        const lsj_slice value{text.start, uint32_t(text.count()), LSJ_STRING};
        if (!known && event->traits_count < LSJ_TRAITS)
            kept_traits[event->traits_count++] = {attribute, value};
        else if (!known) event->traits_overflow = 1;
        if (next_is('}')) break;
        if (!next_is(',')) return Walk::json;
    }
    *written = {start, token(cursor - 1).end};
    return Walk::ok;
}

/// A number or literal as the value of a known field.
Walk lsj_parser::take_scalar(Field field, Token text, lsj_slice *slice) {
    if (text.is("null", 4)) return Walk::ok;
    if (text.is("true", 4) || text.is("false", 5)) {
        note(LSJ_FIELD);
        return Walk::ok;
    }
    lsj_kind kind = number_kind(text);
    if (kind == LSJ_ABSENT) return Walk::json;
    uint32_t takes = kind == LSJ_INTEGER ? takes_integer : takes_number;
    if (field == traits || !(takes & bit(field))) note(LSJ_FIELD);
    slice->start = text.start;
    slice->count = uint32_t(text.count());
    slice->kind = uint32_t(kind);
    return Walk::ok;
}

/// One key with its value at the top level, the key's token at the cursor.
Walk lsj_parser::walk_field(lsj_event *event) {
    lsj_slice name;
    uint8_t *const unused = free_bytes;
    const int flaw_before = flaw;
    if (peek() != '"' || !take_string(&name) || !next_is(':')) return Walk::json;
    const Field field = field_named(name.start, name.count);
    free_bytes = unused; // the name was looked at and is not kept
    flaw = flaw_before;
    if (field == unknown) return skip_value(2);

    const uint32_t first = cursor;
    // Written in place: a copy of 16 bytes stored in parts would wait for the parts.
    lsj_slice *slice = field == traits ? &name : reinterpret_cast<lsj_slice *>(event) + field;
    Token written;
    Walk result = Walk::ok;
    uint8_t byte = peek();
    if (byte == '{' && field == traits) {
        result = walk_traits(&written, event);
    } else if (byte == '"' && field != traits) {
        result = take_string(slice) ? Walk::ok : Walk::json;
        written = token(first);
    } else if (byte == '{' || byte == '[' || byte == '"' || byte == 0) {
        result = skip_value(2);
        note(LSJ_FIELD);
        written = {line, line};
    } else {
        written = token(cursor++);
        result = take_scalar(field, written, slice);
    }
    if (result != Walk::ok) return result;
    if ((stated & bit(field)) && !written.equals(raw[field])) note(LSJ_DUPLICATE_KEY);
    stated |= bit(field);
    raw[field] = written;
    return Walk::ok;
}

/// The whole line: one object and nothing after it.
Walk lsj_parser::walk(lsj_event *event) {
    if (!next_is('{')) return Walk::json;
    if (!next_is('}')) {
        for (int members = 1;; members++) {
            if (members > max_keys) return Walk::json;
            Walk result = walk_field(event);
            if (result != Walk::ok) return result;
            if (next_is('}')) break;
            if (!next_is(',')) return Walk::json;
        }
    }
    return cursor == tokens ? Walk::ok : Walk::json;
}

extern "C" lsj_parser *lsj_new(void) {
    lsj_parser *parser = new (std::nothrow) lsj_parser;
    if (!parser) abort();
    parser->reserve(first_capacity);
    return parser;
}

extern "C" void lsj_free(lsj_parser *parser) { delete parser; }

extern "C" int lsj_decode(lsj_parser *parser, const uint8_t *line, size_t count, lsj_event *event) {
    memset(event, 0, sizeof *event);
    if (count > UINT32_MAX / 2) return LSJ_JSON;
    parser->flaw = LSJ_OK;
    parser->stated = 0;
    if (!parser->find(line, count)) return parser->syntax_error(count, LSJ_JSON);
    event->traits = parser->kept_traits;
    switch (parser->walk(event)) {
    case Walk::json: return parser->syntax_error(count, LSJ_JSON);
    case Walk::depth: return parser->syntax_error(count, LSJ_DEPTH);
    case Walk::ok: return parser->flaw;
    }
    return LSJ_JSON;
}
