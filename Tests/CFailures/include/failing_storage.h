// SQLite's files as a test has them fail.
#ifndef LEADSCORED_FAILING_STORAGE_H
#define LEADSCORED_FAILING_STORAGE_H

#include <stdint.h>

enum failing_storage_kind {
    /// The process dies in the middle of an effect: half of it is done, and nothing after it.
    FAILING_STORAGE_DEATH = 0,
    /// No space: half of a write is done, and this and every later effect fails.
    FAILING_STORAGE_FULL = 1,
    /// The disk fails: this and every later effect fails, and none is done.
    FAILING_STORAGE_BROKEN = 2,
};

struct failing_file;

/// What becomes of the effects (writes, syncs, truncations, removals) of the databases of one process.
struct failing_storage {
    /// Effects that still succeed; negative: all of them.
    int64_t left;
    /// An element of `failing_storage_kind`.
    int32_t kind;
    /// Whether the process has died: nothing reaches the disk any more.
    int32_t is_dead;
    /// The files that are open, the last one first.
    struct failing_file *files;
};

/// Files that this thread opens through SQLite from now on are subject to `storage`, which has to outlive
/// them; NULL: to nothing.
void failing_storage_use(struct failing_storage *storage);

/// Closes what was left open by connections that nobody will use again, as the end of a process does.
void failing_storage_close(struct failing_storage *storage);

#endif
