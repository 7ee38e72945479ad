// SPDX-License-Identifier: Apache-2.0
// A dma-buf that its owner gave out to be read, and whoever imports it.
#pragma once

#include <functional>
#include <linux/dma-heap.h>
#include <sys/uio.h>

#include "copy.h"
#include "files.h"

namespace contract {

// A dma-buf that was exported to be read, imported by a file that is open for both: by no way are its bytes changed.
inline void only_read(const std::string& name, int dma_buf, std::size_t bytes, const std::function<Bytes()>& owner) {
    auto file = dma::open_device();
    answers(name + "IMPORT", dma::import_buffer(file, dma_buf), 0);
    const auto wanted = owner();
    const Bytes other(bytes, 'w');
    equal(name + "pwrite", count(pwrite(file, other.data(), 100, 50)), -EACCES);
    equal(name + "pwrite at the end", count(pwrite(file, other.data(), 100, static_cast<off_t>(bytes))), -EACCES);
    equal(name + "write", count(write(file, other.data(), 100)), -EACCES);
    const iovec parts[] = {{const_cast<unsigned char*>(other.data()), 10},
                           {const_cast<unsigned char*>(other.data()), 9}};
    equal(name + "pwritev", count(pwritev(file, parts, 2, 0)), -EACCES);
    answers(name + "mmap to write", map_error(file, bytes, 0), EACCES);
    answers(name + "mmap only to write", map_error(file, bytes, 0, PROT_WRITE), EACCES);
    answers(name + "mmap of a page of it to write", map_error(file, dma::page, dma::page), EACCES);
    {
        const dma::Mapping memory(file, bytes, 0, PROT_READ);
        answers(name + "mmap to read", memory.error(), 0);
        const auto may = [&](int rights) { return dma::answer(mprotect(memory.at(), dma::page, rights)); };
        answers(name + "mprotect to write", may(PROT_READ | PROT_WRITE), EACCES);
        answers(name + "mprotect to nothing", may(PROT_NONE), 0);
        answers(name + "mprotect from nothing to write", may(PROT_WRITE), EACCES);
        answers(name + "mprotect back to read", may(PROT_READ), 0);
        const dma::File null(open("/dev/zero", O_RDONLY)), own(open("/proc/self/mem", O_RDWR));
        equal(name + "read() into the mapping", count(read(null, memory.at(), 100)), -EFAULT);
        const iovec there{memory.at(), 100}, here{const_cast<unsigned char*>(other.data()), 100};
        check(name + "process_vm_writev", process_vm_writev(getpid(), &here, 1, &there, 1, 0) < 0, "it wrote");
        check(name + "a debugger's write", pwrite(own, other.data(), 100, reinterpret_cast<off_t>(memory.at())) < 0,
              "it wrote");
        const void* room = mremap(memory.at(), dma::page, dma::page, MREMAP_MAYMOVE);
        check(name + "mremap gives no right", room == memory.at() && may(PROT_READ | PROT_WRITE) == EACCES, "it did");
        same(name + "the mapping shows its bytes", differs(memory.at(), wanted.data(), bytes));
    }
    const auto source = dma::buffer(bytes);
    answers(name + "COPY into it", dma::copy(file, 0, 0, 100, source), EACCES);
    answers(name + "COPY within it", dma::copy(file, 0, dma::page, 100), EACCES);
    auto in = dma::a_copy(0, 0, 100, source);
    in.copier = COPYSCOPE_DMA_BY_ENGINE;
    answers(name + "COPY into it by an engine", dma::copy(file, in), EACCES);
    in.flags = COPYSCOPE_DMA_COPY_ASYNC;
    answers(name + "COPY into it by an engine, ASYNC", dma::copy(file, in), EACCES);
    answers(name + "SYNC both ways", dma::for_device(file, 0, bytes), EACCES);
    answers(name + "SYNC from the device",
            dma::sync(file, COPYSCOPE_DMA_FOR_DEVICE, 0, bytes, COPYSCOPE_DMA_SYNC_FROM_DEVICE), EACCES);
    answers(name + "SYNC from the device, for the CPU",
            dma::sync(file, COPYSCOPE_DMA_FOR_CPU, 0, bytes, COPYSCOPE_DMA_SYNC_FROM_DEVICE), EACCES);

    // What only reads is served.
    answers(name + "SYNC to the device",
            dma::sync(file, COPYSCOPE_DMA_FOR_DEVICE, 0, bytes, COPYSCOPE_DMA_SYNC_TO_DEVICE), 0);
    answers(name + "SYNC to the device, for the CPU",
            dma::sync(file, COPYSCOPE_DMA_FOR_CPU, 0, bytes, COPYSCOPE_DMA_SYNC_TO_DEVICE), 0);
    answers(name + "COPY out of it", dma::copy(source, 0, 0, bytes, file), 0);
    same(name + "COPY out of it: the bytes", differs(contents(source, bytes), wanted));
    Bytes room(bytes);
    equal(name + "pread", count(pread(file, room.data(), bytes, 0)), bytes);
    same(name + "pread: the bytes", differs(room, wanted));
    same(name + "and they are their owner's still", differs(owner(), wanted));
}

inline void read_only(std::uint32_t kind) {
    const std::string name = "exported to be read, of " + std::string(named(kind));
    constexpr std::size_t bytes = 4 * dma::page;
    const auto origin = dma::buffer(bytes, kind);
    fill(origin, bytes);
    dma::File to_read, to_write;
    dma::export_buffer(origin, to_read, O_CLOEXEC);
    dma::export_buffer(origin, to_write);
    only_read(name, to_read, bytes, [&] { return contents(origin, bytes); });
    // Another file, of the same memory, that may.
    auto file = dma::open_device();
    answers(name + "another one to write", dma::import_buffer(file, to_write), 0);
    equal(name + "and that is written to", count(pwrite(file, "x", 1, 0)), 1);
    file = dma::open_device(O_RDONLY);
    dma::import_buffer(file, to_write);
    answers(name + "the other way round, mmap to write", map_error(file, bytes, 0), EACCES);
    equal(name + "the other way round, pwrite", count(pwrite(file, "x", 1, 0)), -EBADF);

    dma::File readable;
    dma::export_buffer(origin, readable, 0);
    const dma::Mapping memory(readable, bytes, 0, PROT_READ);
    answers(name + "mprotect of a mapping of the dma-buf to write",
            dma::answer(mprotect(memory.at(), bytes, PROT_READ | PROT_WRITE)), EACCES);
    equal(name + "its flags cannot be changed", fcntl(readable, F_SETFL, O_RDWR) || fcntl(readable, F_GETFL) & O_RDWR,
          0);
    const dma::File again(open(("/proc/self/fd/" + std::to_string(readable)).c_str(), O_RDWR));
    check(name + "nor opened once more", again < 0, "it was");
}

// The same, of memory that another driver exports.
inline void read_only_heap() {
    const std::string name = "of a heap, to be read: ";
    constexpr std::size_t bytes = 4 * dma::page;
    const dma::File heap(open("/dev/dma_heap/system", O_RDWR));
    if (heap < 0) {
        skip("a dma-buf of a heap", "this kernel has no /dev/dma_heap/system");
        return;
    }
    const auto make = [&](std::uint32_t flags) {
        dma_heap_allocation_data in{bytes, 0, flags | O_CLOEXEC, 0};
        return dma::File(ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &in) ? -1 : static_cast<int>(in.fd));
    };
    const auto to_read = make(O_RDONLY), to_write = make(O_WRONLY);
    only_read(name, to_read, bytes, [&] { return contents(to_read, bytes); });
    answers(name + "not even that", dma::import_buffer(dma::open_device(), to_write), EACCES);
}

} // namespace contract
