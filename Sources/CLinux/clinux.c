#define _GNU_SOURCE
#include "clinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

int clinux_identify(int fd, struct clinux_identity *identity) {
    struct statx status;
    memset(identity, 0, sizeof *identity);
    if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &status) != 0) return errno;
    identity->device = makedev(status.stx_dev_major, status.stx_dev_minor);
    identity->inode = status.stx_ino;
    if (status.stx_mask & STATX_BTIME)
        identity->born_ns = status.stx_btime.tv_sec * 1000000000LL + status.stx_btime.tv_nsec;
    identity->modified_ns = status.stx_mtime.tv_sec * 1000000000LL + status.stx_mtime.tv_nsec;
    identity->size = (int64_t)status.stx_size;
    identity->mode = status.stx_mode;
    identity->links = status.stx_nlink;
    long version = 0; // the kernel writes an int for some file systems and a long for none
    if (S_ISREG(status.stx_mode) && ioctl(fd, FS_IOC_GETVERSION, &version) == 0)
        identity->generation = (uint64_t)(uint32_t)version;
    return 0;
}

int clinux_signal_fd(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGQUIT);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) return -errno;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

int clinux_next_signal(int fd) {
    struct signalfd_siginfo info;
    ssize_t count = read(fd, &info, sizeof info);
    if (count == (ssize_t)sizeof info) return (int)info.ssi_signo;
    return count < 0 && errno != EAGAIN && errno != EINTR ? -errno : 0;
}

int clinux_event_fd(void) {
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

void clinux_event_signal(int fd) {
    uint64_t one = 1;
    ssize_t ignored = write(fd, &one, sizeof one);
    (void)ignored; // a full counter already wakes the reader
}

void clinux_event_drain(int fd) {
    uint64_t count;
    ssize_t ignored = read(fd, &count, sizeof count);
    (void)ignored;
}

int clinux_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t deadline) {
    struct timespec time = {.tv_sec = deadline / 1000, .tv_nsec = deadline % 1000 * 1000000};
    return pthread_cond_clockwait(condition, mutex, CLOCK_MONOTONIC, &time);
}

int clinux_inotify(void) {
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

int clinux_peer(int fd, uint32_t *uid, uint32_t *gid, int32_t *pid) {
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return errno;
    *uid = peer.uid;
    *gid = peer.gid;
    *pid = peer.pid;
    return 0;
}

int clinux_try_log(const char *bytes, size_t count) {
    struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
    if (poll(&ready, 1, 0) != 1 || !(ready.revents & POLLOUT)) return 0;
    return write(STDERR_FILENO, bytes, count) == (ssize_t)count;
}

void clinux_keep_standard_descriptors(void) {
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF) {
            int opened = open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY);
            if (opened >= 0 && opened != fd) { // the lowest free number is always the one asked for
                dup2(opened, fd);
                close(opened);
            }
        }
}

void clinux_give_back_memory(void) {
    mallopt(M_MMAP_THRESHOLD, 512 << 10); // setting it also stops it from growing
}

void clinux_trim_memory(void) { malloc_trim(0); }

void clinux_quiet_sqlite(void) { sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }

int clinux_strict_sqlite(void *connection) {
    static const int off[] = {
        SQLITE_DBCONFIG_DQS_DML,
        SQLITE_DBCONFIG_DQS_DDL,
        SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION,
        SQLITE_DBCONFIG_ENABLE_TRIGGER,
        SQLITE_DBCONFIG_ENABLE_VIEW,
    };
    for (size_t i = 0; i < sizeof off / sizeof *off; i++) {
        int code = sqlite3_db_config((sqlite3 *)connection, off[i], 0, (int *)NULL);
        if (code != SQLITE_OK) return code;
    }
    return sqlite3_db_config((sqlite3 *)connection, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
}

int64_t clinux_resident_bytes(void) {
    FILE *file = fopen("/proc/self/statm", "re");
    long long total = 0, resident = 0;
    if (!file) return 0;
    int fields = fscanf(file, "%lld %lld", &total, &resident);
    fclose(file);
    return fields == 2 ? resident * sysconf(_SC_PAGESIZE) : 0;
}

int clinux_sqlite_errno(void *connection) {
    sqlite3_file *files[2] = {NULL, NULL};
    sqlite3_file_control(connection, "main", SQLITE_FCNTL_JOURNAL_POINTER, &files[0]);
    sqlite3_file_control(connection, "main", SQLITE_FCNTL_FILE_POINTER, &files[1]);
    for (int i = 0; i < 2; i++) {
        int code = 0;
        // What is in memory has neither.
        if (files[i] == NULL || files[i]->pMethods == NULL) continue;
        if (files[i]->pMethods->xFileControl == NULL) continue;
        files[i]->pMethods->xFileControl(files[i], SQLITE_FCNTL_LAST_ERRNO, &code);
        if (code != 0) return code;
    }
    return 0;
}

void clinux_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }
