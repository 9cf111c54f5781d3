// Mistakes that a daemon could make, planted between the built daemon and its libraries:
//
//     LD_PRELOAD=mistakes.so MISTAKE=partialLines leadscored ...
//
// Nothing of this is in what gets installed. Tests/SystemTests/Mistake.swift says what each one is, and
// the check of the kill loop has to see it.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <linux/fs.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static int makes(const char *name) {
    const char *mistake = getenv("MISTAKE");
    return mistake && strcmp(mistake, name) == 0;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int ends(const char *text, const char *end) {
    size_t a = strlen(text), b = strlen(end);
    return a >= b && strcmp(text + a - b, end) == 0;
}

// MARK: Logs

// The path of an open log; empty for anything else.
static const char *log_path(int file) {
    static _Thread_local char path[4096];
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t count = readlink(link, path, sizeof path - 1);
    path[count < 0 ? 0 : count] = 0;
    return strstr(path, "/logs/") ? path : "";
}

ssize_t pread(int file, void *bytes, size_t size, off_t at) {
    const char *path = log_path(file);
    int is_current = ends(path, ".ndjson");
    if (makes("closesRenamed") && *path && !is_current) return 0;
    ssize_t count = NEXT(pread)(file, bytes, size, at);
    if (makes("partialLines") && is_current && count > 0 && (size_t)count < size &&
        ((char *)bytes)[count - 1] != '\n')
        ((char *)bytes)[count++] = '\n';
    return count;
}

struct dirent *readdir(DIR *directory) {
    struct dirent *entry;
    while ((entry = NEXT(readdir)(directory))) {
        const char *log = strstr(entry->d_name, ".ndjson");
        if (!log) return entry;
        if (makes("forgetsRotated") && log[strlen(".ndjson")]) continue;
        if (makes("forgetsArchives") && ends(log, ".gz")) continue;
        return entry;
    }
    return NULL;
}

int statx(int at, const char *restrict path, int flags, unsigned mask, struct statx *restrict status) {
    int code = NEXT(statx)(at, path, flags, mask, status);
    if (code == 0 && makes("inodeOnly")) status->stx_mask &= ~STATX_BTIME;
    return code;
}

int ioctl(int file, unsigned long request, ...) {
    va_list list;
    va_start(list, request);
    void *argument = va_arg(list, void *);
    va_end(list);
    if (request == FS_IOC_GETVERSION && makes("inodeOnly")) return errno = ENOTTY, -1;
    return NEXT(ioctl)(file, request, argument);
}

// MARK: Syncing

int fsync(int file) { return makes("syncsNothing") ? 0 : NEXT(fsync)(file); }
int fdatasync(int file) { return makes("syncsNothing") ? 0 : NEXT(fdatasync)(file); }

// MARK: Storing

// Slower, so that a kill comes in between more often.
ssize_t pwrite64(int file, const void *bytes, size_t size, off64_t at) {
    if (makes("noJournal")) usleep(2000);
    return NEXT(pwrite64)(file, bytes, size, at);
}

static int is_state(sqlite3 *database) {
    const char *path = sqlite3_db_filename(database, "main");
    return path && ends(path, "/state.db");
}

static int says(sqlite3_stmt *statement, const char *words) {
    const char *sql = statement ? sqlite3_sql(statement) : NULL;
    return sql && strstr(sql, words) && is_state(sqlite3_db_handle(statement));
}

static int is_position(sqlite3_stmt *statement) { return says(statement, "INTO stream("); }
static int reads_positions(sqlite3_stmt *statement) { return says(statement, "packed_read\nFROM stream"); }

// Statements of a transaction that are run after it.
struct value { int kind; sqlite3_int64 number; void *bytes; int count; };
struct row { sqlite3_stmt *statement; struct value values[20]; struct row *next; };
static struct row bound, *first, **last = &first;

static int is_later(sqlite3_stmt *statement) {
    return (makes("countsLater") && says(statement, "INTO cell(")) ||
           (makes("positionsLater") && is_position(statement));
}

static void keep(sqlite3_stmt *statement, int place, struct value value) {
    if (place >= 20 || !is_later(statement)) return;
    void *copy = value.bytes ? malloc((size_t)value.count + 1) : NULL;
    if (copy) memcpy(copy, value.bytes, (size_t)value.count);
    value.bytes = copy;
    bound.values[place] = value;
}

static void run_later(void) {
    if (first) usleep(50000);
    for (struct row *row = first; row; row = row->next) {
        for (int place = 1; place < 20; place++) {
            struct value *value = &row->values[place];
            if (value->kind == SQLITE_INTEGER)
                NEXT(sqlite3_bind_int64)(row->statement, place, value->number);
            if (value->kind == SQLITE_BLOB)
                NEXT(sqlite3_bind_blob)(row->statement, place, value->bytes, value->count, SQLITE_TRANSIENT);
            if (value->kind == SQLITE_TEXT)
                NEXT(sqlite3_bind_text)(row->statement, place, value->bytes, value->count, SQLITE_TRANSIENT);
            if (value->kind == SQLITE_NULL) sqlite3_bind_null(row->statement, place);
        }
        NEXT(sqlite3_step)(row->statement);
        sqlite3_reset(row->statement);
    }
    first = NULL;
    last = &first;
}

int sqlite3_bind_int64(sqlite3_stmt *statement, int place, sqlite3_int64 number) {
    if (makes("inodeOnly") && is_position(statement) && place == 12) number = 0;
    keep(statement, place, (struct value){SQLITE_INTEGER, number, NULL, 0});
    return NEXT(sqlite3_bind_int64)(statement, place, number);
}

int sqlite3_bind_blob(sqlite3_stmt *statement, int place, const void *bytes, int count, void (*end)(void *)) {
    if (makes("inodeOnly") && is_position(statement) && (place == 10 || place == 15)) count = 0;
    keep(statement, place, (struct value){SQLITE_BLOB, 0, (void *)bytes, count});
    return NEXT(sqlite3_bind_blob)(statement, place, bytes, count, end);
}

int sqlite3_bind_text(sqlite3_stmt *statement, int place, const char *bytes, int count, void (*end)(void *)) {
    keep(statement, place, (struct value){SQLITE_TEXT, 0, (void *)bytes, count});
    return NEXT(sqlite3_bind_text)(statement, place, bytes, count, end);
}

int sqlite3_bind_null(sqlite3_stmt *statement, int place) {
    keep(statement, place, (struct value){SQLITE_NULL, 0, NULL, 0});
    return NEXT(sqlite3_bind_null)(statement, place);
}

int sqlite3_step(sqlite3_stmt *statement) {
    if (makes("forgetsPositions") && reads_positions(statement)) return SQLITE_DONE;
    if (makes("forgetsKeys") && says(statement, "INTO duplicate(")) return SQLITE_DONE;
    if (!is_later(statement)) return NEXT(sqlite3_step)(statement);
    struct row *row = malloc(sizeof *row);
    *row = bound;
    row->statement = statement;
    row->next = NULL;
    *last = row;
    last = &row->next;
    return SQLITE_DONE;
}

sqlite3_int64 sqlite3_column_int64(sqlite3_stmt *statement, int place) {
    sqlite3_int64 number = NEXT(sqlite3_column_int64)(statement, place);
    if (!makes("offByOne") || !reads_positions(statement)) return number;
    if (place == 11) return 0;
    return place == 7 && number > 0 ? number - 1 : number;
}

int sqlite3_exec(sqlite3 *database, const char *sql, int (*row)(void *, int, char **, char **), void *context,
                 char **message) {
    if (is_state(database)) {
        int is_end = strcmp(sql, "COMMIT") == 0;
        if (makes("noTransaction") && (is_end || strcmp(sql, "BEGIN IMMEDIATE") == 0)) return SQLITE_OK;
        if (makes("noJournal") && strcmp(sql, "PRAGMA journal_mode = WAL") == 0)
            sql = "PRAGMA journal_mode = OFF";
        int code = NEXT(sqlite3_exec)(database, sql, row, context, message);
        if (is_end) run_later();
        return code;
    }
    return NEXT(sqlite3_exec)(database, sql, row, context, message);
}
