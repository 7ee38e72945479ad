// SPDX-License-Identifier: Apache-2.0
// COPY by the CPU: which bytes arrive where; and without waiting, with RESULT, poll() and an eventfd.
#pragma once

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <set>
#include <sys/eventfd.h>
#include <utility>

#include "memory.h"

namespace contract {

constexpr std::uint32_t asynchronous = COPYSCOPE_DMA_COPY_ASYNC;
constexpr std::uint32_t with_eventfd = COPYSCOPE_DMA_COPY_ASYNC | COPYSCOPE_DMA_COPY_EVENTFD;

// One copy, and nothing but it: what both buffers hold afterwards. `to` and `from` may be one file.
inline std::string one_copy(int to, int from, std::size_t bytes, std::uint64_t to_at, std::uint64_t from_at,
                            std::uint64_t length) {
    const bool alone = to == from;
    const dma::Mapping target(to, bytes), origin(from, bytes);
    const dma_pattern::Places places{.to = {target.at(), bytes},
                                     .from = {origin.at(), bytes},
                                     .to_offset = to_at,
                                     .from_offset = from_at,
                                     .length = length,
                                     .same = alone};
    dma_pattern::fill(places, {origin.at(), bytes});
    auto in = dma::a_copy(to_at, from_at, length, alone ? COPYSCOPE_DMA_THIS_BUFFER : from);
    if (const int error = dma::copy(to, in))
        return error_name(error);
    if (in.copied != length)
        return "copied " + std::to_string(in.copied);
    return dma_pattern::verdict(places, length);
}

inline void copy_bytes() {
    constexpr std::size_t bytes = 8 * dma::page;
    const dma::File files[] = {dma::buffer(bytes), dma::buffer(bytes), dma::buffer(bytes, COPYSCOPE_DMA_COHERENT),
                               dma::buffer(bytes, COPYSCOPE_DMA_COHERENT)};
    const char* names[] = {"streaming", "another streaming", "coherent", "another coherent"};
    struct Shape {
        std::uint64_t to, from, length;
    };
    std::vector<Shape> shapes{{0, 4 * dma::page, 4 * dma::page},
                              {4 * dma::page, 0, 4 * dma::page},
                              {0, bytes - 1, 1},
                              {bytes - 1, 0, 1},
                              {100, 200, 100},
                              {200, 100, 100}};
    for (const std::uint64_t a : {0, 1, 7, 64, 4095})
        for (const std::uint64_t b : {0, 1, 3, 63, 4090})
            for (const std::uint64_t length : {1, 2, 63, 4095, 4096, 4097, 9001})
                shapes.push_back({a, 4 * dma::page + b, length});
    for (int to = 0; to < 4; to++)
        for (int from = 0; from < 4; from++) {
            All all(std::string("COPY from ") + names[from] + " to " + names[to]);
            int i = 0;
            for (const auto& shape : shapes) {
                if (to != from && i++ % 5 && shape.length != bytes) // the rest is the same code: every fifth
                    continue;
                const auto problem = one_copy(files[to], files[from], bytes, shape.to, shape.from, shape.length);
                all.note(problem.empty(), std::to_string(shape.length) + " bytes from " + std::to_string(shape.from) +
                                              " to " + std::to_string(shape.to) + ": " + problem);
            }
        }
    same("COPY of a whole buffer", one_copy(files[0], files[1], bytes, 0, 0, bytes));
    same("COPY of a whole coherent buffer into a streaming one", one_copy(files[0], files[2], bytes, 0, 0, bytes));
    const auto small = dma::buffer(dma::page);
    auto in = dma::a_copy(0, 7 * dma::page, dma::page, files[0]);
    answers("COPY from behind the end of this buffer, of a larger one", dma::copy(small, in), 0);
    answers("and the other way round", dma::copy(files[0], 7 * dma::page, 0, dma::page, small), 0);
}

inline void copy_values() {
    constexpr std::uint64_t bytes = 4 * dma::page;
    const auto file = dma::buffer(bytes);
    const auto other = dma::buffer(bytes);
    const auto empty = dma::open_device();
    const auto wanted = fill(file, bytes);
    const auto pairs = std::vector<std::pair<std::uint64_t, std::uint64_t>>{
        {bytes, 1}, {bytes - 1, 2}, {0, bytes + 1},           {bytes + 1, 1},  {~0ULL, 1},       {~0ULL, 2},
        {1, ~0ULL}, {0, ~0ULL},     {1ULL << 63, 1ULL << 63}, {1ULL << 40, 1}, {100, 0ULL - 50}, {0ULL - 50, 100}};
    {
        All bad("COPY beyond an end is EINVAL");
        for (const auto& [at, length] : pairs)
            for (const int from : {COPYSCOPE_DMA_THIS_BUFFER, static_cast<int>(other)}) {
                bad.answers(std::to_string(length) + " to " + std::to_string(at), dma::copy(file, at, 0, length, from),
                            EINVAL);
                bad.answers(std::to_string(length) + " from " + std::to_string(at),
                            dma::copy(file, 0, at, length, from), EINVAL);
                bad.answers(std::to_string(length) + " both at " + std::to_string(at),
                            dma::copy(file, at, at, length, from), EINVAL);
            }
    }
    answers("COPY of nothing", dma::copy(file, 0, 100, 0), EINVAL);
    answers("COPY of nothing, at the end", dma::copy(file, bytes, bytes, 0), EINVAL);
    {
        All bad("COPY of ranges that overlap is EINVAL");
        for (const int from : {COPYSCOPE_DMA_THIS_BUFFER, static_cast<int>(file)})
            for (const auto& [to, at] : std::vector<std::pair<std::uint64_t, std::uint64_t>>{
                     {0, 0}, {99, 0}, {0, 99}, {199, 100}, {100, 199}, {4096, 4096}, {4000, 4096}})
                bad.answers("100 from " + std::to_string(at) + " to " + std::to_string(to),
                            dma::copy(file, to, at, 100, from), EINVAL);
    }
    answers("COPY of ranges that touch", dma::copy(file, 100, 0, 100), 0);
    answers("COPY between the same places of two buffers", dma::copy(other, 0, 0, bytes, file), 0);
    auto once = wanted;
    std::copy_n(wanted.begin(), 100, once.begin() + 100);
    same("no COPY that failed copied anything", differs(contents(file, bytes), once));
    const dma::File twin(dup(file));
    answers("COPY from a dup() of this file, overlapping", dma::copy(file, 50, 0, 100, twin), EINVAL);
    answers("COPY from a dup() of this file", dma::copy(file, 200, 0, 100, twin), 0);

    answers("COPY from a descriptor that is not open", dma::copy(file, 0, 0, 100, 250), EBADF);
    answers("COPY from descriptor -2", dma::copy(file, 0, 0, 100, -2), EBADF);
    answers("COPY from descriptor 2^31 - 1", dma::copy(file, 0, 0, 100, INT32_MAX), EBADF);
    const dma::File null(open("/dev/null", O_RDWR)), path(open(dma::device, O_PATH)), event(eventfd(0, 0));
    answers("COPY from /dev/null", dma::copy(file, 0, 0, 100, null), EXDEV);
    answers("COPY from an eventfd", dma::copy(file, 0, 0, 100, event), EXDEV);
    answers("COPY from an O_PATH descriptor", dma::copy(file, 0, 0, 100, path), EBADF);
    answers("COPY from a file without a buffer", dma::copy(file, 0, 0, 100, empty), ENODATA);
    answers("COPY into a file without a buffer", dma::copy(empty, 0, 0, 100, file), ENODATA);

    const auto with = [&](auto change) {
        auto in = dma::a_copy(0, 8192, 100);
        change(in);
        return dma::copy(file, in);
    };
    {
        All bad("COPY: a copier that is not named is EINVAL");
        for (const std::uint32_t copier : {0U, 3U, 1U << 31, ~0U})
            bad.answers(std::to_string(copier), with([&](auto& in) { in.copier = copier; }), EINVAL);
    }
    if (dma::info().capabilities & COPYSCOPE_DMA_CAN_ENGINE)
        skip("COPY by the engine without one", "there is one");
    else {
        answers("COPY by the engine without one", with([](auto& in) { in.copier = COPYSCOPE_DMA_BY_ENGINE; }),
                EOPNOTSUPP);
        answers("COPY by the engine without one, ASYNC", with([](auto& in) {
                    in.copier = COPYSCOPE_DMA_BY_ENGINE;
                    in.flags = asynchronous;
                }),
                EOPNOTSUPP);
        equal("and not by the CPU in disguise", dma::stats(file).cpu_copied + dma::stats(file).engine_copied, 200);
    }
    answers("COPY: EVENTFD without ASYNC", with([&](auto& in) {
                in.flags = COPYSCOPE_DMA_COPY_EVENTFD;
                in.eventfd = event;
            }),
            EINVAL);
    answers("COPY: an eventfd without EVENTFD", with([&](auto& in) {
                in.flags = asynchronous;
                in.eventfd = event;
            }),
            EINVAL);
    answers("COPY: eventfd is none", with([&](auto& in) {
                in.flags = with_eventfd;
                in.eventfd = null;
            }),
            EINVAL);
    answers("COPY: eventfd is not open", with([&](auto& in) {
                in.flags = with_eventfd;
                in.eventfd = 250;
            }),
            EBADF);
    answers("COPY: eventfd -1", with([&](auto& in) {
                in.flags = with_eventfd;
                in.eventfd = -1;
            }),
            EBADF);
    copyscope_dma_result result;
    answers("none of these is pending", dma::result(file, result), ENOENT);
    const auto readable = dma::open_device(O_RDONLY), writable = dma::open_device(O_WRONLY);
    dma::alloc(readable, bytes);
    dma::alloc(writable, bytes);
    answers("COPY into a file opened to read", dma::copy(readable, 0, 0, 100, file), EACCES);
    answers("COPY out of a file opened to read", dma::copy(file, 0, 0, 100, readable), 0);
    answers("COPY out of a file opened to write", dma::copy(file, 0, 0, 100, writable), EACCES);
    answers("COPY within a file opened to write", dma::copy(writable, 0, 200, 100), EACCES);
    answers("COPY into a file opened to write", dma::copy(writable, 0, 0, 100, file), 0);
    answers("a forked child copies", in_child([&] { return dma::copy(file, 0, 8192, 100); }), 0);
}

// ---- without waiting ----

inline short events(int fd, int milliseconds) {
    pollfd one{fd, POLLIN, 0};
    poll(&one, 1, milliseconds);
    return one.revents;
}
// All that is pending, as poll() tells of it.
inline std::vector<copyscope_dma_result> collect(int fd) {
    std::vector<copyscope_dma_result> all;
    for (;;) {
        copyscope_dma_result one;
        const int error = dma::result(fd, one);
        if (error == ENOENT)
            return all;
        if (error == 0)
            all.push_back(one);
        else if (error != EAGAIN || !(events(fd, 60000) & POLLIN))
            return all;
    }
}
inline int start(int fd, std::uint64_t to, std::uint64_t from, std::uint64_t length, std::uint64_t& cookie,
                 int event = -1, int from_fd = COPYSCOPE_DMA_THIS_BUFFER) {
    auto in = dma::a_copy(to, from, length, from_fd);
    in.flags = event < 0 ? asynchronous : with_eventfd;
    in.eventfd = event < 0 ? 0 : event;
    const int error = dma::copy(fd, in);
    cookie = in.cookie;
    return error;
}

inline void copy_async() {
    constexpr std::uint64_t bytes = 8 * dma::page;
    const auto file = dma::buffer(bytes);
    copyscope_dma_result one;
    std::uint64_t cookie = 0;
    answers("RESULT, and none was started", dma::result(file, one), ENOENT);
    equal("poll, and none was started", events(file, 0) & POLLIN, 0);
    const auto places = [](const dma::Mapping& memory) {
        return dma_pattern::Places{.to = {memory.at(), bytes},
                                   .from = {memory.at(), bytes},
                                   .to_offset = 100,
                                   .from_offset = 20000,
                                   .length = 9000,
                                   .same = true};
    };
    {
        const dma::Mapping memory(file, bytes);
        dma_pattern::fill(places(memory), {memory.at(), bytes});
    }
    answers("ASYNC", start(file, 100, 20000, 9000, cookie), 0);
    equal("ASYNC: the first cookie", cookie, 1);
    equal("ASYNC: poll tells that it has ended", events(file, 60000) & POLLIN, POLLIN);
    answers("ASYNC: a result that cannot be written", dma::answer(ioctl(file, COPYSCOPE_DMA_RESULT, nullptr)), EFAULT);
    answers("ASYNC: RESULT", dma::result(file, one), 0);
    equal("ASYNC: RESULT: cookie", one.cookie, 1);
    equal("ASYNC: RESULT: copied", one.copied, 9000);
    equal("ASYNC: RESULT: error", one.error, 0);
    equal("ASYNC: RESULT: pending", one.pending, 0);
    equal("ASYNC: poll has told", events(file, 0) & POLLIN, 0);
    answers("ASYNC: RESULT again", dma::result(file, one), ENOENT);
    same("ASYNC: the bytes", dma_pattern::verdict(places(dma::Mapping(file, bytes)), 9000));
    equal("ASYNC: STATS.cpu_copied", dma::stats(file).cpu_copied, 9000);

    const dma::File event(eventfd(0, EFD_NONBLOCK));
    std::uint64_t told = 0;
    answers("EVENTFD", start(file, 0, 4096, 4096, cookie, event), 0);
    equal("EVENTFD: the second cookie", cookie, 2);
    equal("EVENTFD: it is told", events(event, 60000) & POLLIN, POLLIN);
    equal("EVENTFD: once", read(event, &told, 8) == 8 ? told : 0, 1);
    answers("EVENTFD: and then there is a result", dma::result(file, one), 0);
    equal("EVENTFD: of that copy", one.cookie, 2);
    {
        dma::File closed(eventfd(0, 0));
        answers("EVENTFD that is closed meanwhile", start(file, 0, 4096, 4096, cookie, closed), 0);
        closed.shut();
        equal("EVENTFD that is closed meanwhile: RESULT", collect(file).size(), 1);
    }

    All most("as many as may be pending");
    std::set<std::uint64_t> wanted, got;
    for (int i = 0; i < COPYSCOPE_DMA_MOST_PENDING; i++) {
        most.answers("number " + std::to_string(i), start(file, 0, 4 * dma::page, 4 * dma::page, cookie, event), 0);
        wanted.insert(cookie);
    }
    answers("one more than may be pending", start(file, 0, 4096, 100, cookie), EBUSY);
    eventually([&] { // all have ended, and none is collected
        std::uint64_t now = 0;
        static std::uint64_t sum;
        sum += read(event, &now, 8) == 8 ? now : 0;
        return (told = sum) >= COPYSCOPE_DMA_MOST_PENDING;
    });
    equal("the eventfd counts them all", told, COPYSCOPE_DMA_MOST_PENDING);
    answers("one more, all have ended", start(file, 0, 4096, 100, cookie), EBUSY);
    answers("a copy that waits is not one of them", dma::copy(file, 0, 4096, 100), 0);
    const auto all = collect(file);
    bool descending = all.size() == COPYSCOPE_DMA_MOST_PENDING;
    for (std::size_t i = 0; i < all.size(); i++) {
        got.insert(all[i].cookie);
        descending &= all[i].pending == all.size() - 1 - i && all[i].error == 0 && all[i].copied == 4 * dma::page;
    }
    check("RESULT tells of each", got == wanted, std::to_string(got.size()) + " of " + std::to_string(wanted.size()));
    check("and of how many are left", descending, "not 63 to 0");
    answers("after that there is room", start(file, 0, 4096, 100, cookie), 0);
    equal("cookies count on", cookie, 3 + COPYSCOPE_DMA_MOST_PENDING + 1);
    collect(file);

    // Cookies are each file's own, and so are results.
    const auto other = dma::buffer(bytes);
    answers("another file", start(other, 0, 0, 4096, cookie, -1, file), 0);
    equal("another file counts for itself", cookie, 1);
    answers("RESULT in the file that was copied from", dma::result(file, one), ENOENT);
    equal("RESULT in the file that was copied to", collect(other).size(), 1);
    answers("a forked child starts one", in_child([&] { return start(file, 0, 4096, 4096, cookie); }), 0);
    equal("and the parent gets its result", collect(file).size(), 1);
}

// What can only be seen while a copy is under way: tried until it is seen.
inline void copy_under_way() {
    const std::uint64_t bytes = std::min<std::uint64_t>(dma::info().max_buffer_bytes, 16 << 20), half = bytes / 2;
    auto file = dma::buffer(bytes);
    auto other = dma::buffer(bytes);
    std::uint64_t cookie;
    bool again = false, busy = false, busy_source = false, not_ready = false;
    std::string wrong;
    for (int round = 0; round < 50 && !(again && busy && busy_source && not_ready); round++) {
        for (int i = 0; i < 8; i++)
            start(file, 0, 0, bytes, cookie, -1, other);
        const auto early = [&](int error, int expected, bool& seen, const char* what) {
            seen |= error == expected;
            if (error && error != expected)
                wrong = std::string(what) + ": " + error_name(error);
            return error == 0;
        };
        copyscope_dma_result one;
        not_ready |= !(events(file, 0) & POLLIN);
        early(dma::result(file, one), EAGAIN, again, "RESULT");
        if (early(dma::for_device(file, half, dma::page), EBUSY, busy, "SYNC"))
            dma::for_cpu(file, half, dma::page);
        if (early(dma::for_device(other, half, dma::page), EBUSY, busy_source, "SYNC of the source"))
            dma::for_cpu(other, half, dma::page);
        collect(file);
    }
    check("RESULT before a copy has ended is EAGAIN", again, "never seen in 50 rounds");
    check("poll before a copy has ended tells nothing", not_ready, "never seen in 50 rounds");
    check("SYNC during a COPY is EBUSY", busy, "never seen in 50 rounds");
    check("SYNC of the source of a COPY is EBUSY", busy_source, "never seen in 50 rounds");
    same("and nothing else was answered", wrong);
    start(file, 0, 0, bytes, cookie, -1, other);
    events(file, 60000);
    answers("SYNC after a COPY that is not collected", dma::for_device(file, 0, bytes), 0);
    dma::for_cpu(file, 0, bytes);
    collect(file);

    for (int round = 0; round < 5; round++) { // closed with copies pending
        const dma::File event(eventfd(0, 0));
        for (int i = 0; i < COPYSCOPE_DMA_MOST_PENDING / 4; i++)
            start(file, 0, 0, bytes, cookie, event, other);
        round % 2 ? other.shut() : file.shut();
        file.shut();
        other.shut();
        eventually([] { return dma::info().total_bytes == 0; });
        equal("closed with copies pending: no buffer is left, round " + std::to_string(round), dma::info().total_bytes,
              0);
        file = dma::buffer(bytes);
        other = dma::buffer(bytes);
    }
    // The same by a process that is killed.
    const pid_t pid = fork();
    if (pid == 0) {
        for (int i = 0; i < COPYSCOPE_DMA_MOST_PENDING; i++)
            start(file, 0, 0, bytes, cookie, -1, other);
        for (;;)
            dma::copy(file, 0, 0, bytes, other);
    }
    usleep(100000);
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    collect(file);
    answers("a killed process leaves the file usable", dma::copy(file, 0, 0, 100, other), 0);
    answers("and not busy", dma::for_device(file, 0, bytes), 0);
}

// Workers that copy at this moment, as the kernel names them.
inline int copying_workers() {
    int count = 0;
    for (const auto& process : std::filesystem::directory_iterator("/proc")) {
        std::string name;
        if (std::isdigit(process.path().filename().string()[0]))
            std::getline(std::ifstream(process.path() / "comm"), name);
        count += name.ends_with("+copyscope");
    }
    return count;
}

// Copies that nobody waits for get one processor, whoever asks for how many.
inline void copy_in_turns() {
    const std::uint64_t bytes = std::min<std::uint64_t>(dma::info().max_buffer_bytes, 8 << 20);
    const auto one = dma::buffer(bytes), two = dma::buffer(bytes);
    std::uint64_t cookie;
    int most = 0;
    for (int round = 0; round < 4 && most < 2; round++) {
        for (int i = 0; i < 8; i++) {
            start(one, 0, 0, bytes, cookie, -1, two);
            start(two, 0, 0, bytes, cookie, -1, one);
        }
        copyscope_dma_result result;
        int ended = 0;
        while (ended < 16 && most < 2) {
            most = std::max(most, copying_workers());
            for (const int fd : {static_cast<int>(one), static_cast<int>(two)})
                while (dma::result(fd, result) == 0)
                    ended++;
        }
    }
    collect(one);
    collect(two);
    equal("workers that copy at a time", most, 1);

    for (int i = 0; i < COPYSCOPE_DMA_MOST_PENDING; i++)
        start(one, 0, 0, bytes, cookie, -1, two);
    auto last = dma::buffer(dma::page);
    start(last, 0, 0, dma::page, cookie, -1, two);
    last.shut();
    copyscope_dma_result result;
    int error = 0;
    while (!error)
        error = dma::result(one, result);
    answers("a file that is closed does not wait for the copies of others", error, EAGAIN);
    collect(one);
}

inline void copy() {
    copy_bytes();
    copy_values();
    copy_async();
    copy_under_way();
    copy_in_turns();
}

} // namespace contract
