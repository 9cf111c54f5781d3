// What Linux offers and Swift's Glibc module does not import.
#ifndef LEADSCORED_CLINUX_H
#define LEADSCORED_CLINUX_H

#include <pthread.h>
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

/// Waits on a condition until a time in milliseconds of CLOCK_MONOTONIC. Returns 0, or an errno.
int clinux_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t deadline);

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
/// Returns to the system what the allocator keeps of memory that was freed.
void clinux_trim_memory(void);

/// Tells SQLite not to keep statistics of its memory, which costs a mutex for each allocation. To be
/// called before SQLite is used.
void clinux_quiet_sqlite(void);

/// Takes from an SQLite connection what conditions written by people must not have: double quotes that
/// silently become text, extensions, triggers, views. Returns an SQLite result code.
int clinux_strict_sqlite(void *connection);

/// The errno of the last operation on the files of an SQLite connection (WAL or journal, then database)
/// that failed; 0 if none did.
int clinux_sqlite_errno(void *connection);

/// The line that a thread is reading, so that a fault in the middle of it can be told from others.
struct clinux_line {
    const unsigned char *volatile start;
    volatile size_t count;
    volatile int64_t offset;
};
extern struct clinux_line clinux_line_in_hand;

/// Notes the line that the reading thread begins with.
static inline void clinux_take_line(const unsigned char *start, size_t count, int64_t offset) {
    clinux_line_in_hand.count = count;
    clinux_line_in_hand.offset = offset;
    clinux_line_in_hand.start = start;
}

/// Notes that no line is being read.
static inline void clinux_let_go_of_line(void) { clinux_line_in_hand.start = 0; }

/// What is left behind by a process that ended by a fault while it read a line.
struct clinux_fault {
    uint64_t mark;
    int64_t offset;
    int64_t length;
    /// FNV-1a of the line.
    uint64_t hash;
    int64_t signal;
};

/// Has the faults of the calling thread (SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV) write to a
/// place in an open file which line it was reading, before they end the process as they would anyway.
void clinux_note_faults(int fd, off_t place);

/// Reads what was left behind; 1 if there is something. It is taken away by `clinux_clear_fault`.
int clinux_read_fault(int fd, off_t place, struct clinux_fault *fault);
void clinux_clear_fault(int fd, off_t place);

/// Names the thread that calls, by at most 15 bytes.
void clinux_name_thread(const char *name);

/// Resident memory in bytes, 0 if unknown.
int64_t clinux_resident_bytes(void);

#endif
