// SPDX-License-Identifier: Apache-2.0
// Many short lives: COUNT processes, BATCH at a time; the i-th reads a number of bytes of FILE that depends on i, by
// preadv, and ends. Prints how many bytes all of them were told they got. "many": each makes seven other operations
// afterwards, which are as many accounts more.
// usage: copyscope-spawn FILE COUNT BATCH [many]
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

char buffer[8192];
int zero = -1, null = -1;

std::size_t share(int i) {
    return 100 + static_cast<std::size_t>(i) % 37;
}

bool seven_others() {
    const iovec one{buffer, 1};
    return read(zero, buffer, 1) + pread(zero, buffer, 1, 0) + readv(zero, &one, 1) + write(null, buffer, 1) +
               pwrite(null, buffer, 1, 0) + writev(null, &one, 1) + pwritev(null, &one, 1, 0) ==
           7;
}

[[noreturn]] void live(int fd, int i) {
    const iovec one{buffer, share(i)};
    const bool all = preadv(fd, &one, 1, 0) == static_cast<ssize_t>(share(i)) && (zero < 0 || seven_others());
    _exit(all ? 0 : 1);
}

// Returns the number of those that did not read what they should.
int reap(int count) {
    int failed = 0, status;
    while (count > 0) {
        if (wait(&status) < 0) {
            if (errno == EINTR)
                continue;
            return failed + count;
        }
        failed += status != 0;
        count--;
    }
    return failed;
}

} // namespace

int main(int argc, char** argv) {
    const bool many = argc == 5 && !std::strcmp(argv[4], "many"), usable = argc == 4 || many;
    const int count = usable ? std::atoi(argv[2]) : 0, batch = usable ? std::atoi(argv[3]) : 0;
    const int fd = usable ? open(argv[1], O_RDONLY) : -1;
    if (many) {
        zero = open("/dev/zero", O_RDONLY);
        null = open("/dev/null", O_WRONLY);
    }
    if (fd < 0 || count <= 0 || batch <= 0 || (many && (zero < 0 || null < 0))) {
        std::fprintf(stderr, "usage: copyscope-spawn FILE COUNT BATCH [many]\n");
        return 2;
    }
    unsigned long bytes = 0;
    int failed = 0, alive = 0;
    for (int i = 0; i < count; i++) {
        const pid_t pid = fork();
        if (pid == 0)
            live(fd, i);
        if (pid < 0) {
            std::perror("copyscope-spawn");
            return 1;
        }
        bytes += share(i);
        if (++alive == batch)
            failed += reap(alive), alive = 0;
    }
    failed += reap(alive);
    std::printf("%lu\n", bytes);
    return failed ? 1 : 0;
}
