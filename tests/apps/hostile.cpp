// SPDX-License-Identifier: Apache-2.0
// Operations that go wrong, stop half-way, or are made to deceive whoever counts them; what truly happened is printed.
// usage: copyscope-hostile DIR [CASE...]
#include "cases.h"

#include <atomic>
#include <climits>
#include <csignal>
#include <linux/sched.h>
#include <linux/sockios.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <thread>
#include <vector>

namespace {

using namespace cases;

long failed_with(long result) {
    return result < 0 ? errno : 0;
}

// ---- less than was asked ----

void short_read() {
    const int fd = open_scratch();
    must(ftruncate(fd, 10000), "ftruncate");
    say("moved", pread(fd, filled(65536), 65536, 0));
}
void end_of_file() {
    const int fd = open_data();
    char* memory = filled(page);
    say("moved", pread(fd, memory, page, data_bytes) + pread(fd, memory, page, 10 * data_bytes));
}
void empty_pipe() {
    const auto pipe = make_pipe(O_NONBLOCK);
    char* memory = filled(page);
    int errors = 0;
    for (int i = 0; i < 3; i++)
        errors += failed_with(read(pipe.in, memory, page)) == EAGAIN;
    say("errors", errors);
}
void empty_socket() {
    const auto tcp = make_tcp();
    char* memory = filled(page);
    int errors = 0;
    for (int i = 0; i < 3; i++)
        errors += failed_with(recv(tcp.in, memory, page, MSG_DONTWAIT)) == EAGAIN;
    say("errors", errors);
}
void full_pipe() {
    const auto pipe = make_pipe(O_NONBLOCK);
    char* memory = filled(data_bytes);
    say("moved", write(pipe.out, memory, data_bytes)); // as much as there is room
    say("errors", failed_with(write(pipe.out, memory, data_bytes)) == EAGAIN);
}
void full_socket() {
    const auto tcp = make_tcp();
    fcntl(tcp.out, F_SETFL, O_NONBLOCK);
    char* memory = filled(data_bytes);
    long moved = 0, calls = 0;
    for (int i = 0; i < 100; i++) {
        const long done = write(tcp.out, memory, data_bytes);
        calls++;
        if (done < 0)
            break;
        moved += done;
    }
    say("moved", moved);
    say("operations", calls);
}
void truncated_receive() { // the bytes are thrown away uncopied
    const auto tcp = make_tcp();
    must(write(tcp.out, filled(9000), 9000), "write");
    say("moved", recv(tcp.in, filled(9000), 9000, MSG_TRUNC | MSG_WAITALL));
}
void peek() { // the bytes are copied twice, and the program is told twice
    const auto tcp = make_tcp();
    must(write(tcp.out, filled(9000), 9000), "write");
    char* memory = filled(9000);
    say("moved", recv(tcp.in, memory, 9000, MSG_PEEK) + recv(tcp.in, memory, 9000, 0));
}

void datagram_peek() {
    const auto ends = make_unix(SOCK_DGRAM);
    must(send(ends.out, filled(5000), 5000, 0), "send");
    char* memory = filled(5000);
    say("moved", recv(ends.in, memory, 5000, MSG_PEEK) + recv(ends.in, memory, 5000, 0));
}
void datagram_truncated() { // the whole length is returned, but only so much was copied
    const auto ends = make_unix(SOCK_DGRAM);
    must(send(ends.out, filled(5000), 5000, 0), "send");
    say("moved", recv(ends.in, filled(1000), 1000, MSG_TRUNC));
}
void out_of_band() {
    const auto tcp = make_tcp();
    must(send(tcp.out, filled(1), 1, MSG_OOB), "send");
    pollfd urgent{tcp.in, POLLPRI, 0};
    must(poll(&urgent, 1, 1000), "poll");
    say("moved", recv(tcp.in, filled(1), 1, MSG_OOB));
}

// ---- memory that ends in the middle ----

void fault_file_read() {
    char* memory = before_a_hole(page);
    say("moved", pread(open_data(), memory, 2 * page, 0));
}
void fault_file_read_odd() {
    char* memory = before_a_hole(5000);
    say("moved", pread(open_data(), memory, 3 * page, 100));
}
void fault_file_write() {
    char* memory = before_a_hole(page);
    say("moved", pwrite(open_scratch(), memory, 2 * page, 0));
}
void fault_file_write_odd() {
    char* memory = before_a_hole(5000);
    say("moved", pwrite(open_scratch(), memory, 3 * page, 100));
}
void fault_tmpfs_write_odd() {
    char* memory = before_a_hole(5000);
    say("moved", pwrite(open_new("/lab/tmpfs/scratch"), memory, 3 * page, 100));
}
void fault_pipe_write() {
    char* memory = before_a_hole(page);
    say("moved", write(make_pipe().out, memory, 2 * page));
}
void fault_pipe_read() {
    const auto pipe = make_pipe();
    must(write(pipe.out, filled(2 * page), 2 * page), "write");
    say("moved", read(pipe.in, before_a_hole(page), 2 * page));
}
void fault_tcp_write() {
    char* memory = before_a_hole(page);
    const long done = send(make_tcp().out, memory, 2 * page, 0);
    say("moved", done < 0 ? 0 : done);
    say("errors", done < 0);
}
void fault_tcp_write_long() { // fails in the third page fragment, of 32 KiB each
    char* memory = before_a_hole(20 * page);
    const long done = send(make_tcp().out, memory, 40 * page, 0);
    say("moved", done < 0 ? 0 : done);
    say("errors", done < 0);
}
void fault_zerocopy() {
    const auto tcp = make_tcp();
    const int on = 1;
    must(setsockopt(tcp.out, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on)), "SO_ZEROCOPY");
    say("errors", failed_with(send(tcp.out, before_a_hole(page) + page, page, MSG_ZEROCOPY)) == EFAULT);
}
void fault_tcp_read() {
    const auto tcp = make_tcp();
    must(write(tcp.out, filled(2 * page), 2 * page), "write");
    const long done = recv(tcp.in, before_a_hole(page), 2 * page, 0);
    say("moved", done < 0 ? 0 : done);
    say("errors", done < 0);
}
void fault_unix_write() {
    char* memory = before_a_hole(page);
    const long done = send(make_unix().out, memory, 2 * page, 0);
    say("moved", done < 0 ? 0 : done);
    say("errors", done < 0);
}
void fault_unix_read() {
    const auto ends = make_unix();
    must(write(ends.out, filled(2 * page), 2 * page), "write");
    const long done = recv(ends.in, before_a_hole(page), 2 * page, 0);
    say("moved", done < 0 ? 0 : done);
    say("errors", done < 0);
}
void fault_second_segment() {
    char* good = filled(page);
    char* memory = before_a_hole(page);
    const iovec parts[] = {{good, page}, {memory + page, page}};
    say("read", readv(open_data(), parts, 2));
    say("written", writev(open_scratch(), parts, 2));
}
void fault_vector() { // the vector itself is not there
    char* memory = before_a_hole(page);
    say("errors", failed_with(readv(open_data(), reinterpret_cast<iovec*>(memory + page), 2)) == EFAULT);
}

// ---- errors and signals ----

void bad_descriptor() {
    char* memory = filled(page);
    int errors = 0;
    for (const int fd : {-1, 99, INT_MAX})
        errors += failed_with(read(fd, memory, page)) == EBADF;
    say("errors", errors);
}
void wrong_way() {
    char* memory = filled(page);
    say("errors", (failed_with(write(open_data(O_RDONLY), memory, page)) == EBADF) +
                      (failed_with(write(make_pipe().in, memory, page)) == EBADF));
}

void interrupt(pid_t pid, pthread_t thread) {
    struct sigaction action {};
    action.sa_handler = [](int) {};
    sigaction(SIGUSR1, &action, nullptr); // without SA_RESTART
    (void)pid;
    usleep(300000);
    pthread_kill(thread, SIGUSR1);
}
void interrupted_read() {
    const auto pipe = make_pipe();
    char* memory = filled(page);
    std::thread other(interrupt, getpid(), pthread_self());
    say("errors", failed_with(read(pipe.in, memory, page)) == EINTR);
    other.join();
}
void interrupted_write() {
    const auto pipe = make_pipe(); // 64 KiB fit
    char* memory = filled(data_bytes);
    std::thread other(interrupt, getpid(), pthread_self());
    say("moved", write(pipe.out, memory, data_bytes));
    other.join();
}

// Until what waits at both ends of a connection has not changed for a while: the sender is blocked.
void wait_until_full(const Ends& tcp) {
    int last[2] = {}, quiet = 0;
    while (quiet < 10) {
        int now[2];
        ioctl(tcp.in, SIOCINQ, &now[0]);
        ioctl(tcp.out, SIOCOUTQ, &now[1]);
        quiet = now[1] && !std::memcmp(now, last, sizeof(now)) ? quiet + 1 : 0;
        std::memcpy(last, now, sizeof(now));
        usleep(100000);
    }
}
// The victim is killed inside its operation; what had come out by then is counted at the other end.
template<typename Body>
void killed_sender(const Ends& tcp, Body body) {
    const pid_t victim = in_child([&] {
        close(tcp.in);
        body();
    });
    char* memory = filled(data_bytes);
    long received = 0, got;
    for (int i = 0; i < 8 && (got = recv(tcp.in, memory, 100000, 0)) > 0; i++)
        received += got;
    wait_until_full(tcp);
    kill(victim, SIGKILL);
    reap(victim);
    close(tcp.out);
    while ((got = recv(tcp.in, memory, data_bytes, 0)) > 0)
        received += got;
    say("victim", victim);
    say("moved", received);
}
void killed_reader() {
    const auto pipe = make_pipe();
    const pid_t victim = in_child([&] { (void)!read(pipe.in, filled(page), page); });
    usleep(300000);
    kill(victim, SIGKILL);
    reap(victim);
    say("victim", victim);
}
void killed_writer() {
    const auto tcp = make_tcp();
    killed_sender(tcp, [&] { (void)!write(tcp.out, filled(64 << 20), 64 << 20); });
}
void killed_sendfile() {
    const auto tcp = make_tcp();
    const int fd = open_scratch();
    must(ftruncate(fd, 64 << 20), "ftruncate");
    killed_sender(tcp, [&] { (void)!sendfile(tcp.out, fd, nullptr, 64 << 20); });
}

// ---- processes and threads ----

void threads() {
    const int fd = open_data();
    std::vector<std::thread> all;
    std::atomic<long> moved = 0;
    for (int i = 0; i < 4; i++)
        all.emplace_back([&, i] {
            static thread_local char memory[page];
            for (int j = 0; j < 500; j++)
                moved += pread(fd, memory, page, (i * 500 + j) % 256 * page);
        });
    for (auto& thread : all)
        thread.join();
    say("moved", moved);
}

// A thread is in the middle of a read when the process ends.
void exit_with_reader() {
    const auto pipe = make_pipe();
    const pid_t victim = in_child([&] {
        char* memory = filled(page);
        std::thread([&] { (void)!read(pipe.in, memory, page); }).detach();
        usleep(300000);
    });
    reap(victim);
    say("victim", victim);
}

constexpr int tail_calls = 7;
void preadv_some(int calls) {
    const iovec one{filled(page), page};
    const int fd = open_data();
    for (int i = 0; i < calls; i++)
        must(preadv(fd, &one, 1, 0), "preadv");
}
// A thread that is not the leader execs, while another is in the middle of a read.
void exec_by_thread() {
    const auto pipe = make_pipe();
    const pid_t victim = in_child([&] {
        preadv_some(5);
        char* memory = filled(page);
        std::thread([&] { (void)!read(pipe.in, memory, page); }).detach();
        usleep(300000);
        std::thread([] {
            preadv_some(6);
            const std::string name = current + ".tail";
            execl("/proc/self/exe", "copyscope-hostile", directory.c_str(), name.c_str(), nullptr);
        }).join();
    });
    reap(victim);
    say("victim", victim);
    say("moved", (5 + 6 + tail_calls) * static_cast<long>(page));
}

// Two processes whose pids differ by a power of two, at the same time, and each in its turn within the other's reads.
void pid_collision() {
    constexpr int distance = 16384; // COPYSCOPE_LEDGERS
    const int fd = open_data();
    char* memory = filled(page);
    const auto start = make_pipe(), done = make_pipe();
    must(pread(fd, memory, 1000, 0), "pread");
    const pid_t wanted = getpid() > distance ? getpid() - distance : getpid() + distance;
    clone_args arguments{};
    arguments.exit_signal = SIGCHLD;
    arguments.set_tid = reinterpret_cast<std::uintptr_t>(&wanted);
    arguments.set_tid_size = 1;
    const long victim = must(syscall(SYS_clone3, &arguments, sizeof(arguments)), "clone3");
    std::memset(memory, 'x', page); // its own from here on
    if (victim == 0) {
        for (int i = 0; i < 100; i++) {
            (void)!read(start.in, memory, 1);
            (void)!pread(fd, memory, 3000, 0);
            (void)!writev(done.out, std::vector<iovec>{{memory, 1}}.data(), 1);
        }
        _exit(0);
    }
    for (int i = 0; i < 100; i++) {
        (void)!writev(start.out, std::vector<iovec>{{memory, 1}}.data(), 1);
        must(pread(fd, memory, 1000, 0), "pread");
        (void)!read(done.in, memory, 1);
    }
    reap(static_cast<pid_t>(victim));
    must(pread(fd, memory, 1000, 0), "pread");
    say("victim", victim);
    say("distance", std::abs(victim - getpid()));
}

void by_vfork() {
    static int fd;
    static char* memory;
    fd = open_data();
    memory = filled(page);
    must(pread(fd, memory, 1000, 0), "pread");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    const pid_t victim = must(vfork(), "vfork");
#pragma GCC diagnostic pop
    if (victim == 0) {
        (void)!pread(fd, memory, 3000, 0);
        _exit(0);
    }
    reap(victim);
    say("victim", victim);
}

// ---- copy-on-write: a first child does everything but the writing, so that its own faults can be subtracted ----

constexpr std::size_t pages = 64;

void write_each(char* memory, std::size_t count) {
    for (std::size_t i = 0; i < count; i++)
        const_cast<volatile char*>(memory)[i * page] = 1;
}
void read_each(const char* memory, std::size_t count) {
    for (std::size_t i = 0; i < count; i++)
        (void)const_cast<const volatile char*>(memory)[i * page];
}
template<typename Body>
void with_and_without(Body body) {
    const std::pair<const char*, std::size_t> runs[] = {{"warm_up", 0}, {"without", 0}, {"with", pages}};
    for (auto [key, count] : runs) {
        // The parent stands still meanwhile: of a page that both write, only the first writer makes a copy.
        clone_args arguments{};
        arguments.flags = CLONE_VFORK;
        arguments.exit_signal = SIGCHLD;
        const long child = must(syscall(SYS_clone3, &arguments, sizeof(arguments)), "clone3");
        if (child == 0) {
            body(count);
            _exit(0);
        }
        reap(static_cast<pid_t>(child));
        say(key, child);
    }
}
void fork_write() {
    char* memory = filled(pages * page);
    with_and_without([&](std::size_t count) { write_each(memory, count); });
}
void zero_page() {
    with_and_without([](std::size_t count) {
        char* memory = map(pages * page);
        read_each(memory, count);
        write_each(memory, count);
    });
}
void private_write() {
    const int fd = open_data();
    with_and_without([&](std::size_t count) { write_each(map(pages * page, MAP_PRIVATE, fd), count); });
}
void private_read_write() {
    const int fd = open_data();
    with_and_without([&](std::size_t count) {
        char* memory = map(pages * page, MAP_PRIVATE, fd);
        read_each(memory, count);
        write_each(memory, count);
    });
}
void shared_write() { // no copy: the page cache is written in place
    const int fd = open_data(O_RDWR);
    with_and_without([&](std::size_t count) { write_each(map(pages * page, MAP_SHARED, fd), count); });
}
void copied_by_the_kernel() { // read() writes to pages shared after a fork: the copy is made inside the operation
    char* memory = filled(pages * page);
    const int fd = open_data();
    with_and_without([&](std::size_t count) { (void)!pread(fd, memory, count * page, 0); });
}

// ---- memory that changes its kind ----

constexpr int rounds = 100;

void one_write(int fd, const char* memory, std::size_t bytes, long& moved) {
    moved += must(pwrite(fd, memory, bytes, 0), "pwrite");
}
void same_address() {
    const int data = open_data(), out = open_scratch();
    char* at = map(2 * page);
    long anonymous = 0, mapped = 0;
    for (int i = 0; i < rounds; i++) {
        munmap(at, 2 * page);
        std::memset(map(2 * page, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, at), 'x', 2 * page);
        one_write(out, at, 2 * page, anonymous);
        munmap(at, 2 * page);
        map(2 * page, MAP_SHARED | MAP_FIXED, open_data(O_RDWR), at);
        one_write(out, at, 2 * page, mapped);
    }
    say("anonymous", anonymous);
    say("mapped", mapped);
    close(data);
}
// The pages are there already: no fault gives the change away.
void moved_mapping() {
    const int data = open_data(O_RDWR), out = open_scratch();
    long anonymous = 0, mapped = 0;
    for (int i = 0; i < rounds; i++) {
        char* at = filled(2 * page);
        char* file = map(2 * page, MAP_SHARED | MAP_POPULATE, data);
        one_write(out, at, 2 * page, anonymous);
        one_write(out, at, 2 * page, anonymous);
        if (mremap(file, 2 * page, 2 * page, MREMAP_MAYMOVE | MREMAP_FIXED, at) != at)
            give_up("mremap");
        void* other = mmap(nullptr, 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); // as many as before
        one_write(out, at, 2 * page, mapped);
        munmap(other, 2 * page);
        munmap(at, 2 * page);
    }
    say("anonymous", anonymous);
    say("mapped", mapped);
}
void mapped_by_other_thread() {
    const int data = open_data(O_RDWR), out = open_scratch();
    long anonymous = 0, mapped = 0;
    char* at = map(2 * page);
    std::atomic<int> step = 0;
    const auto wait_for = [&](int wanted) {
        while (step < wanted)
            sched_yield();
    };
    std::thread other([&] {
        for (int i = 0; i < rounds; i++) {
            wait_for(3 * i + 1);
            map(2 * page, MAP_SHARED | MAP_POPULATE | MAP_FIXED, data, at);
            step++;
            wait_for(3 * i + 3);
        }
    });
    for (int i = 0; i < rounds; i++) {
        std::memset(map(2 * page, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, at), 'x', 2 * page);
        one_write(out, at, 2 * page, anonymous);
        one_write(out, at, 2 * page, anonymous);
        step++;
        wait_for(3 * i + 2);
        one_write(out, at, 2 * page, mapped);
        step++;
    }
    other.join();
    say("anonymous", anonymous);
    say("mapped", mapped);
}
void into_mapping() {
    char* memory = map(2 * page, MAP_SHARED, open_data(O_RDWR));
    say("moved", pread(open_new("/lab/tmpfs/none"), memory, page, 0)); // first an empty file
    const int source = open_new("/lab/tmpfs/some");
    must(pwrite(source, filled(2 * page), 2 * page, 0), "pwrite");
    say("moved", pread(source, memory, 2 * page, 0));
}

// ---- vectors ----

void vectors(int segments) {
    std::vector<iovec> parts;
    long bytes = 0;
    for (int i = 0; i < segments; i++) {
        const std::size_t size = 100 + i % 7;
        parts.push_back({filled(size), size});
        bytes += static_cast<long>(size);
    }
    say("asked", bytes);
    say("read", readv(open_data(), parts.data(), segments));
    say("written", writev(open_scratch(), parts.data(), segments));
}
void vector_1() {
    vectors(1);
}
void vector_16() {
    vectors(16);
}
void vector_17() {
    vectors(17);
}
void vector_1024() {
    vectors(1024);
}
void vector_too_long() {
    const std::vector<iovec> parts(1025, iovec{filled(100), 100});
    say("errors", failed_with(readv(open_data(), parts.data(), 1025)) == EINVAL);
}
void vector_empty() {
    say("moved", readv(open_data(), nullptr, 0));
}

// ---- between descriptors ----

void sendfile_offset() {
    const auto tcp = make_tcp();
    off_t offset = 12345;
    const long moved = sendfile(tcp.out, open_data(), &offset, 50000);
    say("moved", moved);
    say("offset", offset);
}
void sendfile_end() {
    const auto tcp = make_tcp();
    off_t offset = data_bytes - 5000;
    say("moved", sendfile(tcp.out, open_data(), &offset, 50000));
}
// A full socket takes less than was linked into the pipe: the rest is dropped, and linked again by the next call. The
// receiver takes a little at a time, so that this happens again and again.
void sendfile_short() {
    const auto tcp = make_tcp();
    must(fcntl(tcp.out, F_SETFL, O_NONBLOCK), "O_NONBLOCK");
    const int data = open_data(), small = 16384;
    must(setsockopt(tcp.out, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), "SO_SNDBUF");
    off_t offset = 0;
    long calls = 0, errors = 0;
    constexpr off_t total = 300000; // each pause may be that of a timer of TCP's
    char* memory = filled(20000);
    while (offset < total) {
        const long moved = sendfile(tcp.out, data, &offset, static_cast<std::size_t>(total - offset));
        calls++;
        if (moved >= 0)
            continue;
        if (errno != EAGAIN)
            give_up("sendfile");
        errors++;
        must(recv(tcp.in, memory, 20000, 0), "receive");
    }
    say("moved", offset);
    say("operations", calls);
    say("errors", errors);
}
void sendfile_refused() { // all that was linked is dropped
    const auto tcp = make_tcp();
    signal(SIGPIPE, SIG_IGN);
    must(shutdown(tcp.out, SHUT_WR), "shutdown");
    off_t offset = 0;
    say("failed", sendfile(tcp.out, open_data(), &offset, 50000) < 0 && errno == EPIPE);
}
void sendfile_limit() { // the file may not grow beyond: a page is linked that is copied in part
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{100000, 100000};
    const int out = open_scratch();
    must(setrlimit(RLIMIT_FSIZE, &limit), "setrlimit");
    off_t offset = 0;
    say("moved", sendfile(out, open_data(), &offset, 300000));
}
void sendfile_to_file() {
    off_t offset = 0;
    say("moved", sendfile(open_scratch(), open_data(), &offset, 50000));
}
void copy_range() {
    off_t from = 0, to = 0;
    say("moved", copy_file_range(open_data(), &from, open_scratch(), &to, 50000, 0));
}
void small_pipe() {
    const auto pipe = make_pipe();
    const auto tcp = make_tcp();
    must(fcntl(pipe.out, F_SETPIPE_SZ, page), "F_SETPIPE_SZ");
    const int data = open_data();
    long in = 0, out = 0;
    for (int i = 0; i < 10; i++) {
        in += must(splice(data, nullptr, pipe.out, nullptr, 65536, SPLICE_F_NONBLOCK), "splice in");
        out += must(splice(pipe.in, nullptr, tcp.out, nullptr, 65536, 0), "splice out");
    }
    say("in", in);
    say("out", out);
}
void pipe_to_pipe() {
    const auto first = make_pipe(), second = make_pipe();
    must(write(first.out, filled(30000), 30000), "write");
    say("moved", splice(first.in, nullptr, second.out, nullptr, 65536, 0));
    say("rest", read(second.in, filled(30000), 30000));
}
void splice_nothing() {
    const auto first = make_pipe(), second = make_pipe();
    say("errors", failed_with(splice(first.in, nullptr, second.out, nullptr, page, SPLICE_F_NONBLOCK)) == EAGAIN);
}
void socket_to_pipe() {
    const auto tcp = make_tcp();
    const auto pipe = make_pipe();
    must(write(tcp.out, filled(30000), 30000), "write");
    say("moved", splice(tcp.in, nullptr, pipe.out, nullptr, 30000, 0));
}

// ---- sockets ----

void through(Ends ends, std::size_t bytes, int times) {
    long sent = 0, received = 0;
    char* memory = filled(bytes);
    for (int i = 0; i < times; i++) {
        sent += must(send(ends.out, memory, bytes, 0), "send");
        received += must(recv(ends.in, memory, bytes, 0), "recv");
    }
    say("sent", sent);
    say("received", received);
}
void unix_stream() {
    through(make_unix(), 50000, 10);
}
void unix_datagram() {
    through(make_unix(SOCK_DGRAM), 50000, 10);
}
void udp() {
    through(make_udp(), 1400, 10);
}
void udp_large() {
    through(make_udp(), 60000, 3);
}
void udp_truncated() { // the return value is the datagram's length, not what was copied
    const auto ends = make_udp();
    must(send(ends.out, filled(5000), 5000, 0), "send");
    say("moved", recv(ends.in, filled(1000), 1000, MSG_TRUNC));
}

// ---- files that make up what they say ----

void proc_read() {
    const int fd = must(open("/proc/self/maps", O_RDONLY), "open maps");
    char* memory = filled(65536);
    const long moved = read(fd, memory, 100);
    say("moved", moved + read(fd, memory, 65536));
}
void proc_splice() { // into the pipe it is copied, and from there handed on
    off_t offset = 0;
    say("moved", sendfile(make_tcp().out, must(open("/proc/cpuinfo", O_RDONLY), "open"), &offset, 300));
}
void sys_read() {
    say("moved",
        pread(must(open("/sys/kernel/mm/transparent_hugepage/enabled", O_RDONLY), "open"), filled(100), 100, 0));
}

// ---- files with a routine of their own ----

void event_counter() {
    const int fd = must(eventfd(0, 0), "eventfd");
    std::uint64_t value = 1;
    long moved = 0;
    for (int i = 0; i < 10; i++) {
        moved += must(write(fd, &value, sizeof(value)), "add");
        must(read(fd, &value, sizeof(value)), "take");
    }
    say("moved", moved);
}
void timer() {
    const int fd = must(timerfd_create(CLOCK_MONOTONIC, 0), "timerfd");
    const itimerspec soon{.it_interval = {}, .it_value = {.tv_sec = 0, .tv_nsec = 1}};
    std::uint64_t times = 0;
    must(timerfd_settime(fd, 0, &soon, nullptr), "settime");
    say("moved", read(fd, &times, sizeof(times)));
}
void kernel_setting() {
    char text[16];
    const int fd = must(open("/proc/sys/vm/swappiness", O_RDWR), "open");
    const long moved = must(read(fd, text, sizeof(text)), "read");
    say("out", pwrite(fd, text, static_cast<std::size_t>(moved), 0));
    say("in", moved);
}
void random_bytes() {
    say("moved", read(open("/dev/urandom", O_RDONLY), filled(5000), 5000));
}
void command_line() {
    say("moved", read(open("/proc/self/cmdline", O_RDONLY), filled(page), page));
}
void own_memory() { // through a page of the kernel's, so twice
    const auto from = reinterpret_cast<off_t>(filled(1000));
    say("moved", pread(must(open("/proc/self/mem", O_RDONLY), "open"), filled(1000), 1000, from));
}
void attribute() { // what it is already
    say("moved", write(must(open("/sys/kernel/mm/ksm/run", O_WRONLY), "open"), "0\n", 2));
}

// ---- descriptors that change under way ----

void direct_fallback() { // Linux 6.6 (e88e0d366f9c): tmpfs takes O_DIRECT, and copies all the same
    const int fd = open_new("/lab/tmpfs/direct");
    must(pwrite(fd, filled(2 * page), 2 * page, 0), "pwrite");
    const int direct = open("/lab/tmpfs/direct", O_RDONLY | O_DIRECT);
    if (direct < 0) {
        say("refused", errno == EINVAL);
        return;
    }
    say("moved", pread(direct, filled(2 * page), 2 * page, 0));
}
void direct_switched() {
    const int fd = open_data();
    char* memory = filled(2 * page);
    long buffered = 0, direct = 0;
    for (int i = 0; i < 20; i++) {
        must(fcntl(fd, F_SETFL, i % 2 ? O_DIRECT : 0), "F_SETFL");
        (i % 2 ? direct : buffered) += must(pread(fd, memory, 2 * page, 0), "pread");
    }
    say("buffered", buffered);
    say("direct", direct);
}
void descriptor_reused() {
    constexpr int fd = 100;
    char* memory = filled(1000);
    long moved = 0;
    for (int i = 0; i < 50; i++) {
        const int data = open_data();
        dup2(data, fd);
        close(data);
        moved += must(read(fd, memory, 1000), "read file");
        const int zero = open("/dev/zero", O_RDONLY);
        dup2(zero, fd);
        close(zero);
        moved += must(read(fd, memory, 1000), "read /dev/zero");
        const auto pipe = make_pipe();
        must(writev(pipe.out, std::vector<iovec>{{memory, 1000}}.data(), 1), "writev");
        dup2(pipe.in, fd);
        close(pipe.in);
        moved += must(read(fd, memory, 1000), "read pipe");
        close(pipe.out);
        close(fd);
    }
    say("moved", moved);
}

constexpr Case table[] = {
    {"short_read", short_read},
    {"end_of_file", end_of_file},
    {"empty_pipe", empty_pipe},
    {"empty_socket", empty_socket},
    {"full_pipe", full_pipe},
    {"full_socket", full_socket},
    {"truncated_receive", truncated_receive},
    {"peek", peek},
    {"datagram_peek", datagram_peek},
    {"datagram_truncated", datagram_truncated},
    {"out_of_band", out_of_band},
    {"fault_file_read", fault_file_read},
    {"fault_file_read_odd", fault_file_read_odd},
    {"fault_file_write", fault_file_write},
    {"fault_file_write_odd", fault_file_write_odd},
    {"fault_tmpfs_write_odd", fault_tmpfs_write_odd},
    {"fault_pipe_write", fault_pipe_write},
    {"fault_pipe_read", fault_pipe_read},
    {"fault_tcp_write", fault_tcp_write},
    {"fault_tcp_write_long", fault_tcp_write_long},
    {"fault_zerocopy", fault_zerocopy},
    {"fault_tcp_read", fault_tcp_read},
    {"fault_unix_write", fault_unix_write},
    {"fault_unix_read", fault_unix_read},
    {"fault_second_segment", fault_second_segment},
    {"fault_vector", fault_vector},
    {"bad_descriptor", bad_descriptor},
    {"wrong_way", wrong_way},
    {"interrupted_read", interrupted_read},
    {"interrupted_write", interrupted_write},
    {"killed_reader", killed_reader},
    {"killed_writer", killed_writer},
    {"killed_sendfile", killed_sendfile},
    {"threads", threads},
    {"exit_with_reader", exit_with_reader},
    {"exec_by_thread", exec_by_thread},
    {"pid_collision", pid_collision},
    {"by_vfork", by_vfork},
    {"fork_write", fork_write},
    {"zero_page", zero_page},
    {"private_write", private_write},
    {"private_read_write", private_read_write},
    {"shared_write", shared_write},
    {"copied_by_the_kernel", copied_by_the_kernel},
    {"same_address", same_address},
    {"moved_mapping", moved_mapping},
    {"mapped_by_other_thread", mapped_by_other_thread},
    {"into_mapping", into_mapping},
    {"vector_1", vector_1},
    {"vector_16", vector_16},
    {"vector_17", vector_17},
    {"vector_1024", vector_1024},
    {"vector_too_long", vector_too_long},
    {"vector_empty", vector_empty},
    {"sendfile_offset", sendfile_offset},
    {"sendfile_end", sendfile_end},
    {"sendfile_short", sendfile_short},
    {"sendfile_refused", sendfile_refused},
    {"sendfile_limit", sendfile_limit},
    {"sendfile_to_file", sendfile_to_file},
    {"copy_range", copy_range},
    {"small_pipe", small_pipe},
    {"pipe_to_pipe", pipe_to_pipe},
    {"splice_nothing", splice_nothing},
    {"socket_to_pipe", socket_to_pipe},
    {"unix_stream", unix_stream},
    {"unix_datagram", unix_datagram},
    {"udp", udp},
    {"udp_large", udp_large},
    {"udp_truncated", udp_truncated},
    {"proc_read", proc_read},
    {"proc_splice", proc_splice},
    {"sys_read", sys_read},
    {"event_counter", event_counter},
    {"timer", timer},
    {"kernel_setting", kernel_setting},
    {"random_bytes", random_bytes},
    {"command_line", command_line},
    {"own_memory", own_memory},
    {"attribute", attribute},
    {"direct_fallback", direct_fallback},
    {"direct_switched", direct_switched},
    {"descriptor_reused", descriptor_reused},
};

} // namespace

int main(int argc, char** argv) {
    if (argc == 3 && std::strcmp(argv[2], "exec_by_thread.tail") == 0) {
        directory = argv[1];
        preadv_some(tail_calls);
        return 0;
    }
    return run(table, argc, argv);
}
