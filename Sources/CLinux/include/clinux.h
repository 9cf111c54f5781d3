// What Linux offers and Swift's Glibc module does not import.
#ifndef LEADSCORED_CLINUX_H
#define LEADSCORED_CLINUX_H

#include <stdint.h>
#include <sys/types.h>

/// Which file this is, as far as the file system can tell.
struct clinux_identity {
    uint64_t device;
    uint64_t inode;
    /// FS_IOC_GETVERSION; 0 where the file system keeps none.
    uint64_t generation;
    /// Nanoseconds since 1970; 0 where the file system keeps none.
    int64_t born_ns;
    int64_t modified_ns;
    int64_t size;
    uint32_t mode;
    uint32_t links;
};

/// Fills `identity` from an open file. Returns 0, or an errno.
int clinux_identify(int fd, struct clinux_identity *identity);

/// signalfd for SIGHUP, SIGTERM, SIGINT and SIGQUIT, which it blocks; ignores SIGPIPE and SIGXFSZ.
/// Returns the descriptor, or -errno. Call it before any thread starts.
int clinux_signal_fd(void);

/// The next signal number of the descriptor, 0 if there is none, -errno on failure.
int clinux_next_signal(int fd);

/// An eventfd that threads use to wake a poll(). Returns the descriptor, or -errno.
int clinux_event_fd(void);
void clinux_event_signal(int fd);
void clinux_event_drain(int fd);

/// inotify, close-on-exec and non-blocking. Returns the descriptor, or -errno.
int clinux_inotify(void);

/// The peer of a connected Unix socket. Returns 0, or an errno.
int clinux_peer(int fd, uint32_t *uid, uint32_t *gid, int32_t *pid);

/// Writes one line to standard error without ever blocking. Returns 1 if it was written whole.
int clinux_try_log(const char *bytes, size_t count);

/// Opens /dev/null on the standard descriptors that are closed, so that no database gets their number.
void clinux_keep_standard_descriptors(void);

/// Has large blocks given back to the system when they are freed: checkpoints are large and short-lived,
/// and what the allocator keeps of them counts as the daemon's memory.
void clinux_give_back_memory(void);

/// Tells SQLite not to keep statistics of its memory, which costs a mutex for each allocation. To be
/// called before SQLite is used.
void clinux_quiet_sqlite(void);

/// Takes from an SQLite connection what conditions written by people must not have: double quotes that
/// silently become text, extensions, triggers, views. Returns an SQLite result code.
int clinux_strict_sqlite(void *connection);

/// Names the thread that calls, by at most 15 bytes.
void clinux_name_thread(const char *name);

/// Resident memory in bytes, 0 if unknown.
int64_t clinux_resident_bytes(void);

#endif
