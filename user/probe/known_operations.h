// SPDX-License-Identifier: Apache-2.0
// Operations of our own with a known effect: a few bytes through files in memory, pipes, sockets, mappings. They need
// no disk, no network but the loopback device, and leave nothing. Which hooks must run for them is said here, because
// both change together. Counts nothing.
#pragma once

#include <string>
#include <vector>

#include "base/fd.h"

namespace copyscope {

class KnownOperations {
public:
    // What cannot be had on this machine is left out (no ramfs without CAP_SYS_ADMIN, no loopback device in this
    // network namespace).
    KnownOperations();

    // Makes each operation once, in this thread. Returns the programs (names in bpf/) that must have run if they are
    // attached: those of the operations that succeeded.
    std::vector<std::string> perform();

    // The two cheapest of them: writev(2) and readv(2) of a few bytes through a pipe. False if they fail.
    bool pulse();

private:
    struct Ends {
        Fd first, second;
        explicit operator bool() const { return first && second; }
    };
    static Ends pipe_ends();
    static Ends unix_ends();
    static Ends inet_ends(int type);

    void through_a_pipe();
    void through_files();
    void through_sockets();
    void through_tcp();
    void through_memory();
    void through_a_thread();
    void drain_pipe();
    void expect(bool succeeded, std::initializer_list<const char*> programs);

    Fd file_, other_file_; // in a ramfs that is mounted nowhere: its pages are page cache like those of a disk's files
    Fd shared_memory_;     // memfd: a file of tmpfs
    Ends pipe_, unix_, tcp_, udp_;
    std::vector<std::string> programs_;
};

} // namespace copyscope
