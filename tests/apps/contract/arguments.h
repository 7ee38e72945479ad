// SPDX-License-Identifier: Apache-2.0
// What holds of every call: its argument's size, address, flags and reserved fields; and calls that do not exist. Knows
// a valid argument of each call; must not know what the calls do.
#pragma once

#include <map>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

#include "../dma.h"
#include "check.h"
#include "pattern.h"

namespace contract {

// A call that would succeed: a file in the right state, and the bytes of an argument.
struct Ready {
    dma::File file, other;
    Bytes argument;
};

struct Call {
    const char* name;
    unsigned long number;
    std::size_t size;
    Ready (*ready)();
    std::uint32_t flags;               // that it knows
    std::vector<std::size_t> reserved; // offsets of __u32 that must be zero
    bool needs_buffer;
};

template<typename T>
Ready ready(dma::File file, const T& argument, dma::File other = dma::File()) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(&argument);
    return {std::move(file), std::move(other), Bytes(bytes, bytes + sizeof(T))};
}
inline Ready ready_info() {
    return ready(dma::open_device(), dma::sized<copyscope_dma_info>());
}
inline Ready ready_alloc() {
    return ready(dma::open_device(), dma::a_buffer(dma::page));
}
inline Ready ready_sync() {
    auto in = dma::sized<copyscope_dma_sync>();
    in.length = dma::page;
    in.owner = COPYSCOPE_DMA_FOR_DEVICE;
    in.direction = dma::both_ways;
    return ready(dma::buffer(2 * dma::page), in);
}
inline Ready ready_copy() {
    return ready(dma::buffer(2 * dma::page), dma::a_copy(0, dma::page, 100));
}
inline Ready ready_result() {
    auto file = dma::buffer(2 * dma::page);
    auto in = dma::a_copy(0, dma::page, 100);
    in.flags = COPYSCOPE_DMA_COPY_ASYNC;
    dma::copy(file, in);
    pollfd events{file, POLLIN, 0};
    poll(&events, 1, 60000);
    return ready(std::move(file), dma::sized<copyscope_dma_result>());
}
inline Ready ready_export() {
    return ready(dma::buffer(dma::page), dma::sized<copyscope_dma_export>());
}
inline Ready ready_import() {
    const auto source = dma::buffer(dma::page);
    dma::File exported;
    dma::export_buffer(source, exported);
    auto in = dma::sized<copyscope_dma_import>();
    in.fd = exported;
    return ready(dma::open_device(), in, std::move(exported));
}
inline Ready ready_stats() {
    return ready(dma::buffer(dma::page), dma::sized<copyscope_dma_stats>());
}

inline const std::vector<Call>& calls() {
    static const std::vector<Call> table = {
        {"INFO", COPYSCOPE_DMA_INFO, sizeof(copyscope_dma_info), ready_info, 0, {}, false},
        {"ALLOC",
         COPYSCOPE_DMA_ALLOC,
         sizeof(copyscope_dma_alloc),
         ready_alloc,
         COPYSCOPE_DMA_ALLOC_EXTENTS,
         {offsetof(copyscope_dma_alloc, extents)},
         false},
        {"SYNC", COPYSCOPE_DMA_SYNC, sizeof(copyscope_dma_sync), ready_sync, 0, {}, true},
        {"COPY",
         COPYSCOPE_DMA_COPY,
         sizeof(copyscope_dma_copy),
         ready_copy,
         COPYSCOPE_DMA_COPY_ASYNC | COPYSCOPE_DMA_COPY_EVENTFD,
         {offsetof(copyscope_dma_copy, reserved), offsetof(copyscope_dma_copy, eventfd)},
         true},
        {"RESULT", COPYSCOPE_DMA_RESULT, sizeof(copyscope_dma_result), ready_result, 0, {}, true},
        {"EXPORT",
         COPYSCOPE_DMA_EXPORT,
         sizeof(copyscope_dma_export),
         ready_export,
         O_CLOEXEC | O_RDWR,
         {offsetof(copyscope_dma_export, reserved)},
         true},
        {"IMPORT",
         COPYSCOPE_DMA_IMPORT,
         sizeof(copyscope_dma_import),
         ready_import,
         0,
         {offsetof(copyscope_dma_import, reserved)},
         false},
        {"STATS", COPYSCOPE_DMA_STATS, sizeof(copyscope_dma_stats), ready_stats, 0, {}, true},
    };
    return table;
}

// Three pages, of which the last is not mapped and the middle one may be read-only: what is put against a border is
// read and written up to there or not at all.
class Border {
public:
    Border() : room_(-1, 3 * dma::page, 0, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS) {
        munmap(room_.at() + 2 * dma::page, dma::page);
    }
    unsigned char* write_only_before() { // from here on, a page that cannot be written to
        mprotect(room_.at() + dma::page, dma::page, PROT_READ);
        return room_.at() + dma::page;
    }
    unsigned char* start_of_last() const { return room_.at() + dma::page; }
    unsigned char* end() const { return room_.at() + 2 * dma::page; }

private:
    dma::Mapping room_;
};

inline int ask(const Call& call, int fd, void* argument) {
    return dma::answer(ioctl(fd, call.number, argument));
}
// The call with so much of its argument, or with more, as the caller's idea of its size; from ordinary memory.
inline int ask_sized(const Call& call, std::uint32_t size, std::size_t room = 0, std::size_t noise_at = 0) {
    auto now = call.ready();
    now.argument.resize(std::max<std::size_t>({room, size < 2 * dma::page ? size : 0, call.size}));
    std::memcpy(now.argument.data(), &size, sizeof(size));
    if (noise_at)
        now.argument[noise_at] = 1;
    return ask(call, now.file, now.argument.data());
}
inline std::size_t descriptors() { // open now
    std::size_t count = 0;
    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

inline void sizes(const Call& call) {
    const std::string name = call.name;
    answers(name + ": as this version knows it", ask_sized(call, call.size), 0);
    answers(name + ": size 0", ask_sized(call, 0), EINVAL);
    All shorter(name + ": every smaller size is EINVAL");
    for (std::size_t size = 1; size < call.size; size++)
        shorter.answers("size " + std::to_string(size), ask_sized(call, static_cast<std::uint32_t>(size)), EINVAL);
    answers(name + ": one byte longer, zero", ask_sized(call, call.size + 1), 0);
    answers(name + ": a page long, zeros", ask_sized(call, dma::page), 0);
    answers(name + ": longer, the first byte is not zero", ask_sized(call, call.size + 8, 0, call.size), E2BIG);
    answers(name + ": longer, the last byte is not zero", ask_sized(call, call.size + 8, 0, call.size + 7), E2BIG);
    answers(name + ": a page long, the last byte is not zero", ask_sized(call, dma::page, 0, dma::page - 1), E2BIG);
    answers(name + ": longer than a page, zeros", ask_sized(call, dma::page + 1, 2 * dma::page), E2BIG);
    answers(name + ": size 2^32 - 1", ask_sized(call, ~0U, 2 * dma::page), E2BIG);
    answers(name + ": what is beyond the size is not looked at", ask_sized(call, call.size, call.size + 8, call.size),
            0);

    // The rest lies in memory that cannot be written to: whoever touches it fails.
    auto now = call.ready();
    const auto size = static_cast<std::uint32_t>(call.size + 64);
    std::memcpy(now.argument.data(), &size, sizeof(size));
    Border border;
    unsigned char* at = border.write_only_before() - call.size;
    std::memcpy(at, now.argument.data(), call.size);
    answers(name + ": longer: the rest is left as it is", ask(call, now.file, at), 0);
    std::memcpy(&now.argument[0], at, sizeof(size));
    check(name + ": longer: the size is left as it is", !std::memcmp(at, &size, sizeof(size)), "it was changed");
}

inline void addresses(const Call& call) {
    const std::string name = call.name;
    for (const auto& [what, address] : std::map<std::string, std::uint64_t>{
             {"null", 0}, {"unmapped", 0x10000}, {"the kernel's", 0xffff888000000000}, {"no address", 1ULL << 62}}) {
        auto now = call.ready();
        answers(name + ": argument at an address that is " + what,
                ask(call, now.file, reinterpret_cast<void*>(address)), EFAULT);
        answers(name + ": and then a good one", ask(call, now.file, now.argument.data()), 0);
    }
    All crossing(name + ": argument that ends in an unmapped page is EFAULT");
    for (const std::size_t mapped : {1UL, 3UL, 4UL, 8UL, call.size - 1}) {
        auto now = call.ready();
        Border border;
        std::memcpy(border.end() - mapped, now.argument.data(), mapped);
        crossing.answers(std::to_string(mapped) + " bytes are mapped", ask(call, now.file, border.end() - mapped),
                         EFAULT);
    }
    {
        auto now = call.ready();
        Border border;
        std::memcpy(border.end() - call.size, now.argument.data(), call.size);
        answers(name + ": argument just before an unmapped page", ask(call, now.file, border.end() - call.size), 0);
    }
    {
        auto now = call.ready();
        Border border;
        const auto size = static_cast<std::uint32_t>(call.size + 8);
        std::memcpy(now.argument.data(), &size, sizeof(size));
        std::memcpy(border.end() - call.size, now.argument.data(), call.size);
        answers(name + ": the rest of a long argument is unmapped", ask(call, now.file, border.end() - call.size),
                EFAULT);
    }
    {
        auto now = call.ready();
        now.argument.insert(now.argument.begin(), 3, 0);
        answers(name + ": argument at an odd address", ask(call, now.file, now.argument.data() + 3), 0);
    }
    // The answer would begin where it can be written and end where it cannot
    for (const std::size_t writable : {4UL, 8UL, call.size - 4}) {
        auto now = call.ready();
        const auto open_before = descriptors();
        Border border;
        unsigned char* at = border.start_of_last() - writable;
        std::memcpy(at, now.argument.data(), call.size);
        border.write_only_before();
        const std::string half =
            name + ": argument of which only " + std::to_string(writable) + " bytes can be written to";
        answers(half, ask(call, now.file, at), EFAULT);
        equal(half + ", and no descriptor is left open by it", descriptors(), open_before);
        answers(half + ", and then the same from writable memory", ask(call, now.file, now.argument.data()), 0);
    }
    auto now = call.ready();
    const auto open_before = descriptors();
    Border border;
    std::memcpy(border.end() - call.size, now.argument.data(), call.size);
    border.write_only_before();
    answers(name + ": argument that cannot be written to", ask(call, now.file, border.end() - call.size), EFAULT);
    equal(name + ": and no descriptor is left open by it", descriptors(), open_before);
    // What could not be told was not done.
    answers(name + ": and then the same from writable memory", ask(call, now.file, now.argument.data()), 0);
}

inline void flags(const Call& call) {
    const std::string name = call.name;
    {
        All bad(name + ": a flag that is not named is EINVAL");
        for (int bit = 0; bit < 32; bit++) {
            if (call.flags >> bit & 1)
                continue;
            auto now = call.ready();
            reinterpret_cast<std::uint32_t*>(now.argument.data())[1] |= 1U << bit;
            bad.answers("bit " + std::to_string(bit), ask(call, now.file, now.argument.data()), EINVAL);
        }
    }
    if (call.reserved.empty())
        return;
    All bad(name + ": a reserved field that is not zero is EINVAL");
    for (const auto offset : call.reserved)
        for (const int bit : {0, 7, 31}) {
            auto now = call.ready();
            now.argument[offset + static_cast<std::size_t>(bit) / 8] = static_cast<unsigned char>(1 << bit % 8);
            bad.answers("offset " + std::to_string(offset) + " bit " + std::to_string(bit),
                        ask(call, now.file, now.argument.data()), EINVAL);
        }
}

// The same from a 32-bit program: the structures are laid out alike, so it is to work alike.
inline int ask_32(int fd, unsigned long number, void* argument) {
    long answer;
    asm volatile("int $0x80"
                 : "=a"(answer)
                 : "a"(54L), "b"(static_cast<long>(fd)), "c"(number), "d"(argument)
                 : "memory", "r8", "r9", "r10", "r11");
    return static_cast<int>(answer) < 0 ? -static_cast<int>(answer) : 0;
}

inline void arguments() {
    for (const auto& call : calls()) {
        sizes(call);
        addresses(call);
        flags(call);
        if (call.needs_buffer) {
            auto now = call.ready();
            const auto file = dma::open_device();
            answers(call.name + std::string(": without a buffer"), ask(call, file, now.argument.data()), ENODATA);
        }
        auto now = call.ready();
        const dma::Mapping low(-1, dma::page, 0, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT);
        std::memcpy(low.at(), now.argument.data(), call.size);
        answers(call.name + std::string(": by the system call of 32-bit programs"),
                ask_32(now.file, call.number, low.at()), 0);
    }
}

inline void no_such_call() {
    const auto empty = dma::open_device();
    const auto full = dma::buffer(dma::page);
    Bytes room(2 * dma::page);
    const auto info = dma::sized<copyscope_dma_info>();
    std::memcpy(room.data(), &info, sizeof(info));
    All all("a number that is not named is ENOTTY");
    std::vector<unsigned long> numbers{0,
                                       1,
                                       ~0U,
                                       0x5401 /* TCGETS */,
                                       0x541B /* FIONREAD */,
                                       _IOWR(COPYSCOPE_DMA_TYPE, 0, copyscope_dma_info),
                                       _IOR(COPYSCOPE_DMA_TYPE, 0, int),
                                       _IO(COPYSCOPE_DMA_TYPE - 1, 0),
                                       _IO(COPYSCOPE_DMA_TYPE + 1, 0)};
    for (unsigned long number = 8; number < 256; number++)
        numbers.push_back(_IO(COPYSCOPE_DMA_TYPE, number));
    for (const auto number : numbers)
        for (const int fd : {static_cast<int>(empty), static_cast<int>(full)}) {
            // FIONREAD of a file that is no regular file goes to the driver; so do the others.
            all.answers("number " + std::to_string(number), dma::answer(ioctl(fd, number, room.data())), ENOTTY);
            all.answers("number " + std::to_string(number) + " without argument",
                        dma::answer(ioctl(fd, number, nullptr)), ENOTTY);
        }
}

} // namespace contract
