// A disk without room, for disk.rs: files below the folder FULL_DISK take ROOM bytes in all. What goes beyond that is refused as a
// disk refuses it, with as much written as there is room for; after as many refusals as REFUSALS says there is room again.
// Where LATE is set, it takes everything and refuses when it is to be kept: so do disks over a network, and some with quotas.
// It is loaded before the C library, in whose place it writes.
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *folder;
static size_t room;
static long refusals;
static int is_late;

__attribute__((constructor)) static void begin(void) {
    folder = getenv("FULL_DISK");
    room = strtoul(getenv("ROOM"), NULL, 10);
    refusals = strtol(getenv("REFUSALS"), NULL, 10);
    is_late = getenv("LATE") != NULL;
}

static int is_on_disk(int file) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path);
    size_t prefix = strlen(folder);
    return length > (ssize_t)prefix && memcmp(path, folder, prefix) == 0 && path[prefix] == '/';
}

ssize_t write(int file, const void *bytes, size_t length) {
    if (refusals > 0 && !is_late && is_on_disk(file)) {
        if (room == 0) {
            refusals -= 1;
            errno = ENOSPC;
            return -1;
        }
        length = length < room ? length : room;
        room -= length;
    }
    return syscall(SYS_write, file, bytes, length);
}

int fsync(int file) {
    if (refusals > 0 && is_late && is_on_disk(file)) {
        refusals -= 1;
        errno = ENOSPC;
        return -1;
    }
    return syscall(SYS_fsync, file);
}
