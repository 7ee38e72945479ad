// SPDX-License-Identifier: Apache-2.0
// With swiotlb=force the device of a streaming buffer sees a copy of its pages: SYNC must copy, exactly the pages it
// was asked for, and who lets the disk read into the buffer must see what the disk wrote. Prints "ok NAME" or "FAIL
// NAME".
//
//   copyscope-dma-bounce FILE    FILE: at least a page, on a disk that takes O_DIRECT
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <unistd.h>
#include <vector>

#include "device/device.h"

using namespace copyscope;

namespace {

constexpr std::size_t page = 4096, length = 1 << 20;
bool failed = false;

void expect(const char* name, bool holds) {
    std::printf("%s %s\n", holds ? "ok" : "FAIL", name);
    failed = failed || !holds;
}

bool all(const unsigned char* at, std::size_t count, unsigned char value) {
    return *at == value && std::memcmp(at, at + 1, count - 1) == 0;
}

int fail_with(const Error& error) {
    std::printf("FAIL %s\n", error.message.c_str());
    return 1;
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 2)
        return std::fprintf(stderr, "usage: copyscope-dma-bounce FILE\n"), 2;
    auto device = DmaDevice::open();
    if (!device)
        return fail_with(device.error());
    if (const auto extents = device->alloc({.length = length}); !extents)
        return fail_with(extents.error());
    const auto mapping = device->map(length);
    if (!mapping)
        return fail_with(mapping.error());
    auto* bytes = static_cast<unsigned char*>(mapping->get());

    expect("INFO: every SYNC copies", device->info()->bounces);
    expect("STATS: all of the buffer is bounced", device->stats()->bounced_bytes == length);

    // What the CPU writes while the device owns a page is not the device's: SYNC for the CPU brings back what was
    // there.
    std::memset(bytes, 1, length);
    expect("SYNC for the device", device->sync(DmaOwner::device, DmaDirection::both, 0, length).has_value());
    std::memset(bytes, 2, length);
    expect("SYNC for the CPU: one page",
           device->sync(DmaOwner::cpu, DmaDirection::from_device, page, page).has_value());
    expect("... has been copied back", all(bytes + page, page, 1));
    expect("... and nothing before it", all(bytes, page, 2));
    expect("... nor behind it", all(bytes + 2 * page, length - 2 * page, 2));
    expect("SYNC for the CPU: a first page",
           device->sync(DmaOwner::cpu, DmaDirection::from_device, 0, page).has_value());
    expect("SYNC for the CPU: the rest",
           device->sync(DmaOwner::cpu, DmaDirection::from_device, 2 * page, length - 2 * page).has_value());
    expect("... all has been copied back", all(bytes, length, 1));

    // The disk's driver bounces for itself. The CPU owns the pages; nobody syncs.
    const Fd file(::open(argv[1], O_RDONLY | O_DIRECT | O_CLOEXEC));
    std::vector<unsigned char> truth(page);
    const Fd cached(::open(argv[1], O_RDONLY | O_CLOEXEC));
    expect("the file's bytes", ::pread(cached.get(), truth.data(), page, 0) == static_cast<ssize_t>(page));
    expect("O_DIRECT into the buffer", ::pread(file.get(), bytes, page, 0) == static_cast<ssize_t>(page));
    expect("... are the file's bytes", std::memcmp(bytes, truth.data(), page) == 0);
    return failed ? 1 : 0;
}
