// One line of JSON to the fields of an event.
//
// simdjson's first stage (UTF-8, strings, the places of all tokens) runs over the line; the tokens
// are then walked here, every one of them, so that nothing is skipped unseen. See
// docs/decisions/0003-simdjson.md.
#ifndef LEADSCORED_CSIMDJSON_H
#define LEADSCORED_CSIMDJSON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// What a field holds.
enum lsj_kind {
    /// Not stated, or null.
    LSJ_ABSENT = 0,
    /// A string, unescaped.
    LSJ_STRING = 1,
    /// A number without fraction and exponent, as written.
    LSJ_INTEGER = 2,
    /// Any other number, as written.
    LSJ_NUMBER = 3,
    /// The rest only in documents: true and false, an object, an array, as written.
    LSJ_BOOLEAN = 4,
    LSJ_OBJECT = 5,
    LSJ_ARRAY = 6,
};

/// Bytes in the line or in the parser's buffer, valid until the parser's next call.
struct lsj_slice {
    const uint8_t *start;
    uint32_t count;
    uint32_t kind;
};

/// A stated trait: the attribute unescaped, the value as written.
struct lsj_trait {
    struct lsj_slice attribute;
    struct lsj_slice value;
};

/// How many traits are kept of a line.
#define LSJ_TRAITS 64

/// The known fields of a line. Those without a bit in `stated` are absent.
struct lsj_event {
    struct lsj_slice ts;
    struct lsj_slice type;
    struct lsj_slice customer_id;
    struct lsj_slice email;
    struct lsj_slice cookie;
    struct lsj_slice id;
    struct lsj_slice url;
    struct lsj_slice campaign;
    struct lsj_slice message;
    struct lsj_slice search;
    struct lsj_slice value;
    struct lsj_slice currency;
    struct lsj_slice status;
    struct lsj_slice bounce;
    struct lsj_slice ua;
    struct lsj_slice ip;
    struct lsj_slice stage;
    struct lsj_slice owner;
    /// `traits_count` of them, in the parser's memory.
    const struct lsj_trait *traits;
    uint32_t traits_count;
    /// Whether the line states more traits than are kept.
    uint32_t traits_overflow;
};

/// What is wrong with a line.
enum lsj_error {
    LSJ_OK = 0,
    /// Not one JSON object, or one with more than 256 keys.
    LSJ_JSON = 1,
    /// Nested deeper than 64 levels.
    LSJ_DEPTH = 2,
    LSJ_UTF8 = 3,
    /// Holds a NUL byte, plainly or as \u0000 in a known field.
    LSJ_NUL = 4,
    /// A known field or a trait is stated twice with different values.
    LSJ_DUPLICATE_KEY = 5,
    /// A known field has a type that it cannot have.
    LSJ_FIELD = 6,
};

typedef struct lsj_parser lsj_parser;

/// A parser with room for ordinary lines; it grows with the longest line. Out of memory ends the
/// process, as it does in Swift.
lsj_parser *lsj_new(void);
void lsj_free(lsj_parser *parser);

/// Decodes one line, without its newline. 64 bytes after it must be readable; nothing else is read.
/// Returns an lsj_error; `event` is meaningful only for LSJ_OK.
int lsj_decode(lsj_parser *parser, const uint8_t *line, size_t count, struct lsj_event *event);

/// Any JSON text, checked whole, in which values are then looked up.
typedef struct lsj_document lsj_document;

/// No value.
#define LSJ_NONE UINT32_MAX

/// A document with room for ordinary lines; it grows with the longest one.
lsj_document *lsj_document_new(void);
void lsj_document_free(lsj_document *document);

/// Takes up a text, behind which 64 bytes must be readable. Returns an lsj_error. The value number 0
/// is the whole text; the text must stay until the document is opened anew.
int lsj_document_open(lsj_document *document, const uint8_t *text, size_t count);

/// What a value is; absent for null. Strings are unescaped, everything else is as written.
struct lsj_slice lsj_document_value(lsj_document *document, uint32_t value);
/// A value as written.
struct lsj_slice lsj_document_raw(const lsj_document *document, uint32_t value);

/// The member of an object with this key, or LSJ_NONE. `twice` is set if the object states it twice
/// with different values.
uint32_t lsj_document_member(
    lsj_document *document, uint32_t value, const uint8_t *key, size_t count, int *twice);

/// The first element of an array, or the key of the first member of an object; LSJ_NONE if it is
/// empty or neither.
uint32_t lsj_document_first(const lsj_document *document, uint32_t value);
/// The element behind one in its array, the key behind a value in its object; LSJ_NONE at the end.
uint32_t lsj_document_next(const lsj_document *document, uint32_t value);
/// The value of a key.
uint32_t lsj_document_of_key(uint32_t key);

#ifdef __cplusplus
}
#endif

#endif
