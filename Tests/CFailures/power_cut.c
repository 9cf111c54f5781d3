#define _GNU_SOURCE
#include "power_cut.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <unistd.h>

// FS_IOC_SHUTDOWN and FS_SHUTDOWN_FLAGS_NOLOGFLUSH of newer <linux/fs.h>; ext4 and XFS have always had them.
#define SHUTDOWN _IOR('X', 125, uint32_t)
#define WITHOUT_LOG_FLUSH 2u

int power_cut(const char *mounted) {
    int directory = open(mounted, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return errno;
    uint32_t how = WITHOUT_LOG_FLUSH;
    int code = ioctl(directory, SHUTDOWN, &how) == 0 ? 0 : errno;
    close(directory);
    return code;
}

int power_sync(const char *mounted) {
    int directory = open(mounted, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return errno;
    int code = syncfs(directory) == 0 ? 0 : errno;
    close(directory);
    return code;
}
