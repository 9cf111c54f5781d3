#include "failing_storage.h"

#include <pthread.h>
#include <sqlite3.h>
#include <string.h>

// A layer over SQLite's own access to files: what it does not have fail it hands on. It becomes the
// default one of the process, and does nothing in threads that have not asked for it.

static _Thread_local struct failing_storage *current;
static sqlite3_vfs *below;
static sqlite3_vfs layer;

struct failing_file {
    sqlite3_file head;
    struct failing_storage *storage;
    struct failing_file *next;
    // Followed by the file of the layer below.
};

static sqlite3_file *lower(sqlite3_file *file) { return (sqlite3_file *)((struct failing_file *)file + 1); }

// Whether an effect fails; `is_half` says whether half of it is to be done before.
static int fails(struct failing_storage *storage, int *is_half) {
    *is_half = 0;
    if (storage->is_dead) return 1;
    if (storage->left < 0) return 0;
    if (storage->left > 0) {
        storage->left--;
        return 0;
    }
    *is_half = storage->kind != FAILING_STORAGE_BROKEN;
    if (storage->kind == FAILING_STORAGE_DEATH) storage->is_dead = 1;
    return 1;
}

static int write_code(const struct failing_storage *storage) {
    return storage->kind == FAILING_STORAGE_FULL ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

static int file_close(sqlite3_file *file) {
    struct failing_file *self = (struct failing_file *)file;
    struct failing_file **place = &self->storage->files;
    while (*place && *place != self) place = &(*place)->next;
    if (!*place) return SQLITE_OK;
    *place = self->next;
    return lower(file)->pMethods->xClose(lower(file));
}

static int file_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 at) {
    if (((struct failing_file *)file)->storage->is_dead) return SQLITE_IOERR_READ;
    return lower(file)->pMethods->xRead(lower(file), bytes, count, at);
}

static int file_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 at) {
    struct failing_storage *storage = ((struct failing_file *)file)->storage;
    int is_half;
    if (!fails(storage, &is_half))
        return lower(file)->pMethods->xWrite(lower(file), bytes, count, at);
    if (is_half) lower(file)->pMethods->xWrite(lower(file), bytes, count / 2, at);
    return write_code(storage);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size) {
    int is_half;
    if (fails(((struct failing_file *)file)->storage, &is_half)) return SQLITE_IOERR_TRUNCATE;
    return lower(file)->pMethods->xTruncate(lower(file), size);
}

static int file_sync(sqlite3_file *file, int flags) {
    int is_half;
    if (fails(((struct failing_file *)file)->storage, &is_half)) return SQLITE_IOERR_FSYNC;
    return lower(file)->pMethods->xSync(lower(file), flags);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size) {
    return lower(file)->pMethods->xFileSize(lower(file), size);
}

static int file_lock(sqlite3_file *file, int level) {
    return lower(file)->pMethods->xLock(lower(file), level);
}

static int file_unlock(sqlite3_file *file, int level) {
    return lower(file)->pMethods->xUnlock(lower(file), level);
}

static int file_check_lock(sqlite3_file *file, int *is_reserved) {
    return lower(file)->pMethods->xCheckReservedLock(lower(file), is_reserved);
}

static int file_control(sqlite3_file *file, int operation, void *argument) {
    return lower(file)->pMethods->xFileControl(lower(file), operation, argument);
}

static int file_sector_size(sqlite3_file *file) {
    return lower(file)->pMethods->xSectorSize(lower(file));
}

static int file_characteristics(sqlite3_file *file) {
    return lower(file)->pMethods->xDeviceCharacteristics(lower(file));
}

// Version 1: no shared memory, which a connection that has its file for itself does without.
static const sqlite3_io_methods methods = {
    1,           file_close,  file_read,       file_write,   file_truncate,    file_sync,           file_size,
    file_lock,   file_unlock, file_check_lock, file_control, file_sector_size, file_characteristics,
};

static int layer_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *given) {
    (void)vfs;
    struct failing_storage *storage = current;
    if (!storage || !name) return below->xOpen(below, name, file, flags, given);
    memset(file, 0, (size_t)layer.szOsFile);
    if (storage->is_dead) return SQLITE_CANTOPEN;
    int code = below->xOpen(below, name, lower(file), flags, given);
    if (code != SQLITE_OK) return code;
    struct failing_file *self = (struct failing_file *)file;
    self->storage = storage;
    self->next = storage->files;
    storage->files = self;
    file->pMethods = &methods;
    return SQLITE_OK;
}

static int layer_delete(sqlite3_vfs *vfs, const char *name, int syncs) {
    (void)vfs;
    int is_half;
    if (current && fails(current, &is_half)) return SQLITE_IOERR_DELETE;
    return below->xDelete(below, name, syncs);
}

static void install(void) {
    below = sqlite3_vfs_find(NULL);
    layer = *below;
    layer.szOsFile = below->szOsFile + (int)sizeof(struct failing_file);
    layer.zName = "failing";
    layer.xOpen = layer_open;
    layer.xDelete = layer_delete;
    sqlite3_vfs_register(&layer, 1);
}

void failing_storage_use(struct failing_storage *storage) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install);
    current = storage;
}

void failing_storage_close(struct failing_storage *storage) {
    while (storage->files) file_close((sqlite3_file *)storage->files);
}
