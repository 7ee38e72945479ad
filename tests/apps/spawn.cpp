// SPDX-License-Identifier: Apache-2.0
// Many short lives: COUNT processes, BATCH at a time; the i-th reads a number of bytes of FILE that depends on i, by
// preadv, and ends. Prints how many bytes all of them were told they got.
// usage: copyscope-spawn FILE COUNT BATCH
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

std::size_t share(int i) {
    return 100 + static_cast<std::size_t>(i) % 37;
}

[[noreturn]] void live(int fd, int i) {
    const iovec one{buffer, share(i)};
    _exit(preadv(fd, &one, 1, 0) == static_cast<ssize_t>(share(i)) ? 0 : 1);
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
    const int count = argc == 4 ? std::atoi(argv[2]) : 0, batch = argc == 4 ? std::atoi(argv[3]) : 0;
    const int fd = argc == 4 ? open(argv[1], O_RDONLY) : -1;
    if (fd < 0 || count <= 0 || batch <= 0) {
        std::fprintf(stderr, "usage: copyscope-spawn FILE COUNT BATCH\n");
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
