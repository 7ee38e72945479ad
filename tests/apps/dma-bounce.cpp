// SPDX-License-Identifier: Apache-2.0
// With swiotlb=force the device of a streaming buffer sees a copy of its pages: SYNC must copy, exactly the pages it
// was asked for, and who lets the disk read into the buffer must see what the disk wrote. Prints "ok NAME" or "FAIL
// NAME".
//
// And who takes all buffers that are to be had leaves room for the disk to bounce its own.
//
//   copyscope-dma-bounce FILE    FILE: 8 MiB, on a disk that takes O_DIRECT
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <string>
#include <unistd.h>
#include <vector>

#include "device/device.h"
#include "dma.h"

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

// Buffers of 1 MiB until there are no more.
std::vector<dma::File> all_there_are(int& error) {
    std::vector<dma::File> files;
    for (error = 0; !error && files.size() < 1000;) {
        files.push_back(dma::open_device());
        error = dma::alloc(files.back(), length);
    }
    files.pop_back();
    return files;
}

// One buffer of 1 MiB is there already.
void leave_room(const char* path) {
    std::size_t slots = 0;
    std::ifstream("/sys/kernel/debug/swiotlb/io_tlb_nslabs") >> slots;
    const std::size_t quarter = slots * 2048 / 4 / length;
    int error = 0;
    auto files = all_there_are(error);
    expect("ALLOC of all there is to bounce: EDQUOT", error == EDQUOT);
    expect("... after a quarter of the machine's", quarter > 1 && files.size() + 1 == quarter);
    expect("a coherent buffer needs none of it", dma::buffer(length, COPYSCOPE_DMA_COHERENT) >= 0);

    constexpr std::size_t bytes = 8 * length;
    const dma::Mapping room(-1, bytes, 0, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
    std::vector<unsigned char> truth(bytes);
    const Fd direct(::open(path, O_RDONLY | O_DIRECT | O_CLOEXEC)), cached(::open(path, O_RDONLY | O_CLOEXEC));
    expect("meanwhile the disk reads", ::pread(direct.get(), room.at(), bytes, 0) == static_cast<ssize_t>(bytes));
    expect("... and reads", ::pread(cached.get(), truth.data(), bytes, 0) == static_cast<ssize_t>(bytes));
    expect("... the same bytes", std::memcmp(room.at(), truth.data(), bytes) == 0);

    files.pop_back();
    const auto one = dma::open_device(), more = dma::open_device();
    expect("one is closed, one is to be had", dma::alloc(one, length) == 0);
    expect("... and no other", dma::alloc(more, page) == EDQUOT);
    files.clear();
    files = all_there_are(error);
    expect("all are closed, all are to be had", files.size() + 2 == quarter);
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
    leave_room(argv[1]);
    return failed ? 1 : 0;
}
