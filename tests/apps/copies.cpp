// SPDX-License-Identifier: Apache-2.0
// Copies with a known answer, for tests of the kernel module. Prints the pid that makes them and waits for a line on
// stdin before each step, so that a test can look at one step alone.
//   copyscope-copies cow PAGES          a child writes to that many pages it shares with its parent
//   copyscope-copies write FILE BYTES   one pwrite
//   copyscope-copies read FILE BYTES    one pread
//   copyscope-copies blocked FILE       a pread of one page that waits in the copy itself: its buffer is a page that
//                                       userfaultfd gives it when the next line comes
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <string>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

constexpr std::size_t page = 4096;

[[noreturn]] void die(const char* what) {
    std::perror(what);
    std::exit(1);
}

void wait_for_line() {
    char c = 0;
    while (read(0, &c, 1) == 1 && c != '\n') {
    }
}

void say(const char* word) {
    std::printf("%s %d\n", word, getpid());
    std::fflush(stdout);
}

char* memory(std::size_t bytes) {
    void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED)
        die("mmap");
    return static_cast<char*>(at);
}

// The child's own stack and data are written to before the test looks, so only `pages` are left to be copied.
int copy_on_write(std::size_t pages) {
    char* shared = memory((pages + 1) * page);
    madvise(shared, (pages + 1) * page, MADV_NOHUGEPAGE);
    std::memset(shared, 1, (pages + 1) * page);
    const pid_t child = fork();
    if (child < 0)
        die("fork");
    if (child == 0) {
        say("ready");
        wait_for_line();
        for (std::size_t i = 0; i < pages; i++)
            shared[i * page] = 2;
        say("done");
        wait_for_line();
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return status;
}

int transfer(const char* path, std::size_t bytes, bool out) {
    std::vector<char> buffer(bytes, 'x');
    const int fd = open(path, out ? O_WRONLY | O_CREAT : O_RDONLY, 0600);
    if (fd < 0)
        die(path);
    say("ready");
    wait_for_line();
    const ssize_t moved = out ? pwrite(fd, buffer.data(), bytes, 0) : pread(fd, buffer.data(), bytes, 0);
    if (moved != static_cast<ssize_t>(bytes))
        die("transfer");
    say("done");
    wait_for_line();
    return 0;
}

int blocked(const char* path) {
    char* buffer = memory(page);
    char* filled = memory(page);
    const int fd = open(path, O_RDONLY);
    if (fd < 0)
        die(path);
    const int faults = static_cast<int>(syscall(SYS_userfaultfd, O_CLOEXEC));
    uffdio_api api{};
    api.api = UFFD_API;
    if (faults < 0 || ioctl(faults, UFFDIO_API, &api) != 0)
        die("userfaultfd");
    uffdio_register range{};
    range.range = {reinterpret_cast<__u64>(buffer), page};
    range.mode = UFFDIO_REGISTER_MODE_MISSING;
    if (ioctl(faults, UFFDIO_REGISTER, &range) != 0)
        die("UFFDIO_REGISTER");
    ssize_t moved = 0;
    std::thread reader([&] { moved = pread(fd, buffer, page, 0); });
    uffd_msg message{};
    if (read(faults, &message, sizeof(message)) != sizeof(message)) // the reader waits from here on
        die("read of userfaultfd");
    say("blocked");
    wait_for_line();
    uffdio_copy copy{};
    copy.dst = reinterpret_cast<__u64>(buffer);
    copy.src = reinterpret_cast<__u64>(filled);
    copy.len = page;
    if (ioctl(faults, UFFDIO_COPY, &copy) != 0)
        die("UFFDIO_COPY");
    reader.join();
    if (moved != static_cast<ssize_t>(page))
        die("pread");
    say("done");
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    const std::string what = argc > 1 ? argv[1] : "";
    if (what == "cow" && argc == 3)
        return copy_on_write(std::strtoul(argv[2], nullptr, 10));
    if ((what == "write" || what == "read") && argc == 4)
        return transfer(argv[2], std::strtoul(argv[3], nullptr, 10), what == "write");
    if (what == "blocked" && argc == 3)
        return blocked(argv[2]);
    std::fprintf(stderr, "usage: copyscope-copies cow PAGES | read FILE BYTES | write FILE BYTES | blocked FILE\n");
    return 2;
}
