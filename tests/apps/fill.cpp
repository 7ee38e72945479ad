// SPDX-License-Identifier: Apache-2.0
// Fills a BPF map of the running copyscope to the brim, then does COUNT operations of 4096 bytes that need an entry
// more. Of "writers", which gives the oldest away, the file that it has written to before is given away, and synced
// then. usage: copyscope-fill accounts|processes|writers|bios FILE COUNT
//        copyscope-fill --but ENTRIES MAP     leaves room for so many, and does nothing else
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <linux/bpf.h>
#include <string>
#include <string_view>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

alignas(4096) char buffer[4096];

int find_map(const std::string& name, bpf_map_info& info) {
    for (std::uint32_t id = 0; !bpf_map_get_next_id(id, &id);) {
        const int fd = bpf_map_get_fd_by_id(id);
        std::uint32_t size = sizeof(info);
        info = {};
        if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &size) && name == info.name)
            return fd;
        if (fd >= 0)
            close(fd);
    }
    return -1;
}

// Keys that nothing real has: kernel addresses, pids and cookies of sockets are not so.
bool fill(const std::string& name, std::uint64_t but = 0) {
    bpf_map_info info;
    const int fd = find_map(name, info);
    if (fd < 0)
        return false;
    std::vector<std::uint64_t> key(info.key_size / 8);
    std::vector<char> value(static_cast<std::size_t>(libbpf_num_possible_cpus()) * ((info.value_size + 7) / 8 * 8));
    const std::uint64_t entries = but ? info.max_entries - but : info.max_entries + 1;
    for (std::uint64_t i = 0; i < entries; i++) {
        key[0] = (0x7feedULL << 32) + i;
        int tries = 0;
        while (bpf_map_update_elem(fd, key.data(), value.data(), BPF_NOEXIST)) {
            if (errno != ENOMEM || ++tries > 1000) // the kernel refills its cache of entries a moment later
                return errno == E2BIG && !but;
            usleep(1000);
        }
    }
    return but; // else it took more than it may hold
}

// What nobody knows of is in the map's place of what was.
bool give_away() {
    bpf_map_info info;
    const int fd = find_map("writers", info);
    if (fd < 0)
        return false;
    const std::uint64_t entries = 2ULL * info.max_entries, account = 0;
    for (std::uint64_t i = 0; i < entries; i++) {
        const std::uint64_t key = (0x7feedULL << 32) + i;
        if (bpf_map_update_elem(fd, &key, &account, BPF_ANY))
            return false;
    }
    const std::uint32_t zero = 0;
    const int held = find_map("writers_held", info);
    return held >= 0 && !bpf_map_update_elem(held, &zero, &entries, BPF_ANY);
}

bool operate(const std::string& name, int fd, int count) {
    const iovec one{buffer, sizeof(buffer)};
    for (int i = 0; i < count; i++)
        if ((name == "writers" ? pwritev(fd, &one, 1, 0) : preadv(fd, &one, 1, 0)) != sizeof(buffer))
            return false;
    return true;
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fprintf(stderr, "usage: copyscope-fill MAP FILE COUNT | --but ENTRIES MAP\n");
        return 2;
    }
    if (argv[1] == std::string_view("--but"))
        return fill(argv[3], std::strtoull(argv[2], nullptr, 10)) ? 0 : 1;
    const std::string name = argv[1];
    const int count = std::atoi(argv[3]);
    std::memset(buffer, 'x', sizeof(buffer));
    const int fd = open(argv[2], O_RDWR | (name == "bios" ? O_DIRECT : 0));
    if (fd >= 0 && name == "writers")
        return operate(name, fd, count) && give_away() && !fsync(fd) ? 0 : 1;
    if (fd < 0 || !fill(name)) {
        std::fprintf(stderr, "copyscope-fill: %s: %s\n", fd < 0 ? argv[2] : name.c_str(), std::strerror(errno));
        return 1;
    }
    if (name != "processes")
        return operate(name, fd, count) ? 0 : 1;
    const pid_t pid = fork();
    if (pid == 0)
        _exit(operate(name, fd, count) ? 0 : 1);
    int status = 1;
    waitpid(pid, &status, 0);
    return status ? 1 : 0;
}
