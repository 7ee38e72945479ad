// SPDX-License-Identifier: Apache-2.0
// EXPORT and IMPORT: one memory, several files.
#pragma once

#include <linux/dma-buf.h>
#include <sys/resource.h>

#include "arguments.h"
#include "copy.h"
#include "files.h"
#include "read_only.h"

namespace contract {

inline void export_values(std::uint32_t kind) {
    const std::string name = named(kind);
    constexpr std::size_t bytes = 8 * dma::page;
    auto file = dma::buffer(bytes, kind);
    auto wanted = fill(file, bytes);
    dma::File shared;
    answers(name + "EXPORT", dma::export_buffer(file, shared), 0);
    equal(name + "EXPORT: its size", count(lseek(shared, 0, SEEK_END)), bytes);
    equal(name + "EXPORT with O_CLOEXEC", fcntl(shared, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    equal(name + "EXPORT with O_RDWR", fcntl(shared, F_GETFL) & O_ACCMODE, O_RDWR);
    dma::File readable;
    answers(name + "EXPORT without flags", dma::export_buffer(file, readable, 0), 0);
    equal(name + "EXPORT without O_CLOEXEC", fcntl(readable, F_GETFD) & FD_CLOEXEC, 0);
    equal(name + "EXPORT without O_RDWR", fcntl(readable, F_GETFL) & O_ACCMODE, O_RDONLY);
    answers(name + "mmap of that to write", map_error(readable, bytes, 0), EACCES);
    answers(name + "mmap of that to read", map_error(readable, bytes, 0, PROT_READ), 0);
    same(name + "mmap of the dma-buf: the same bytes", differs(contents(shared, bytes), wanted));
    same(name + "mmap of a part of it",
         differs(contents(shared, 2 * dma::page, 3 * dma::page), part(wanted, 3 * dma::page, 2 * dma::page)));
    answers(name + "mmap of the dma-buf beyond its end", map_error(shared, bytes + dma::page, 0), EINVAL);
    answers(name + "mmap of the dma-buf at its end", map_error(shared, dma::page, bytes), EINVAL);
    const int private_error = map_error(shared, bytes, 0, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    answers(name + "mmap of the dma-buf, MAP_PRIVATE", private_error, EINVAL);
    {
        const dma::Mapping memory(shared, bytes);
        dma_buf_sync access{DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW};
        answers(name + "DMA_BUF_IOCTL_SYNC, start", dma::answer(ioctl(shared, DMA_BUF_IOCTL_SYNC, &access)), 0);
        memory[9] = wanted[9] = 'd';
        access.flags = DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW;
        answers(name + "DMA_BUF_IOCTL_SYNC, end", dma::answer(ioctl(shared, DMA_BUF_IOCTL_SYNC, &access)), 0);
        answers(name + "mremap of the dma-buf to grow",
                dma::answer(mremap(memory.at(), bytes, bytes + dma::page, MREMAP_MAYMOVE) == MAP_FAILED ? -1 : 0),
                EFAULT);
        equal(name + "mapped_bytes: a page of the dma-buf was touched", mapped(file), kind == COPYSCOPE_DMA_STREAMING);
    }
    equal(name + "what is written there is here", contents(file, bytes)[9], 'd');

    auto readable_only = dma::open_device(O_RDONLY), writable_only = dma::open_device(O_WRONLY);
    dma::alloc(readable_only, dma::page, kind);
    dma::alloc(writable_only, dma::page, kind);
    dma::File none;
    answers(name + "EXPORT to write, of a file opened to read", dma::export_buffer(readable_only, none), EACCES);
    answers(name + "EXPORT to read, of a file opened to read", dma::export_buffer(readable_only, none, 0), 0);
    answers(name + "EXPORT of a file opened to write", dma::export_buffer(writable_only, none), EACCES);
    none.shut();
    readable_only.shut();
    writable_only.shut();

    const auto open_before = descriptors();
    rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    answers(name + "EXPORT with no descriptor left", in_child([&] {
                rlimit none{3, limit.rlim_max};
                setrlimit(RLIMIT_NOFILE, &none);
                dma::File more;
                return dma::export_buffer(file, more);
            }),
            EMFILE);
    equal(name + "descriptors", descriptors(), open_before);

    file.shut();
    readable.shut();
    same(name + "the dma-buf outlives the file", differs(contents(shared, bytes), wanted));
    equal(name + "and the buffer is counted", dma::info().total_bytes, bytes);
    dma::Mapping last(shared, bytes);
    shared.shut();
    same(name + "its mapping outlives the dma-buf", differs(last.at(), wanted.data(), bytes));
    equal(name + "and the buffer is still counted", dma::info().total_bytes, bytes);
    last.unmap();
    eventually([] { return dma::info().total_bytes == 0; });
    equal(name + "it ends with the last mapping of the dma-buf", dma::info().total_bytes, 0);
}

inline void import_values() {
    const auto file = dma::open_device();
    const auto full = dma::buffer(dma::page);
    dma::File shared;
    dma::export_buffer(full, shared);
    const dma::File null(open("/dev/null", O_RDWR)), event(eventfd(0, 0));
    answers("IMPORT of /dev/null", dma::import_buffer(file, null), EINVAL);
    answers("IMPORT of an eventfd", dma::import_buffer(file, event), EINVAL);
    answers("IMPORT of a file of this device", dma::import_buffer(file, full), EINVAL);
    answers("IMPORT of itself", dma::import_buffer(file, file), EINVAL);
    answers("IMPORT of a descriptor that is not open", dma::import_buffer(file, 250), EBADF);
    answers("IMPORT of descriptor -1", dma::import_buffer(file, -1), EBADF);
    answers("IMPORT into a file with a buffer", dma::import_buffer(full, shared), EEXIST);
    answers("after all that, IMPORT", dma::import_buffer(file, shared), 0);
    answers("IMPORT twice", dma::import_buffer(file, shared), EEXIST);
    answers("ALLOC after IMPORT", dma::alloc(file, dma::page), EEXIST);
    dma::File more;
    answers("EXPORT of what was imported", dma::export_buffer(file, more), EOPNOTSUPP);
}

inline void imported(std::uint32_t kind) {
    const std::string name = std::string("imported, of ") + named(kind);
    constexpr std::size_t bytes = 8 * dma::page;
    auto origin = dma::buffer(bytes, kind);
    auto wanted = fill(origin, bytes);
    dma::File shared;
    dma::export_buffer(origin, shared);
    auto file = dma::open_device();
    std::uint64_t length = 0;
    answers(name + "IMPORT", dma::import_buffer(file, shared, &length), 0);
    equal(name + "IMPORT: length", length, bytes);
    const auto now = dma::stats(file);
    equal(name + "STATS.length", now.length, bytes);
    equal(name + "STATS.kind", now.kind, COPYSCOPE_DMA_IMPORTED);
    equal(name + "STATS.caching", now.caching, COPYSCOPE_DMA_CACHED);
    shared.shut();

    same(name + "mmap shows the same bytes", differs(contents(file, bytes), wanted));
    equal(name + "mapped_bytes", mapped(file), 0);
    {
        dma::Mapping memory(file, 3 * dma::page, dma::page);

        memory[0] = wanted[dma::page] = 'm';
        equal(name + "mapped_bytes are the other file's", mapped(file), 0);
        equal(name + "mapped_bytes of the other file", mapped(origin), kind == COPYSCOPE_DMA_STREAMING);
    }
    same(name + "what is written by mmap is there", differs(contents(origin, bytes), wanted));
    answers(name + "mmap, MAP_PRIVATE", map_error(file, bytes, 0, PROT_READ | PROT_WRITE, MAP_PRIVATE), EINVAL);
    answers(name + "mmap beyond the end", map_error(file, dma::page, bytes), EINVAL);
    Bytes room(bytes);
    equal(name + "pread", count(pread(file, room.data(), bytes, 0)), bytes);
    same(name + "pread: the same bytes", differs(room, wanted));
    equal(name + "pread at the end", count(pread(file, room.data(), 100, bytes - 50)), 50);
    equal(name + "pwrite", count(pwrite(file, wanted.data() + 4000, 5000, 1000)), 5000);
    std::memmove(wanted.data() + 1000, Bytes(wanted).data() + 4000, 5000);
    same(name + "what is written by pwrite is there", differs(contents(origin, bytes), wanted));

    const auto other = dma::buffer(bytes);
    same(name + "COPY out of it", one_copy(other, file, bytes, 100, 9000, 5000));
    same(name + "COPY into it", one_copy(file, other, bytes, 9000, 100, 5000));
    same(name + "COPY within it", one_copy(file, file, bytes, 9000, 100, 5000));
    {
        auto pipe = make_pipe();
        off64_t offset = 0;
        equal(name + "splice", count(splice(file, &offset, pipe.out, nullptr, 100, 0)), -EINVAL);
    }
    // Owned by the CPU, and handed over like a streaming buffer.
    answers(name + "SYNC: it is the CPU's", dma::for_cpu(file, 0, bytes), EALREADY);
    answers(name + "SYNC: to the device", dma::for_device(file, 0, bytes), 0);
    answers(name + "SYNC: COPY of what is the device's", dma::copy(other, 0, 0, 100, file), EBUSY);
    answers(name + "SYNC: and back", dma::for_cpu(file, 0, bytes), 0);

    wanted = fill(origin, bytes);
    origin.shut();
    same(name + "outlives the file it came from", differs(contents(file, bytes), wanted));
    equal(name + "total_bytes", dma::info().total_bytes, 2 * bytes);
    dma::Mapping last(file, bytes);
    file.shut();
    same(name + "its mapping outlives it", differs(last.at(), wanted.data(), bytes));
    last.unmap();
    eventually([] { return dma::info().total_bytes == bytes; });
    equal(name + "and then it is gone", dma::info().total_bytes, bytes);
}

inline void shared() {
    export_values(COPYSCOPE_DMA_STREAMING);
    export_values(COPYSCOPE_DMA_COHERENT);
    import_values();
    imported(COPYSCOPE_DMA_STREAMING);
    imported(COPYSCOPE_DMA_COHERENT);
    read_only(COPYSCOPE_DMA_STREAMING);
    read_only(COPYSCOPE_DMA_COHERENT);
    read_only_heap();
}

} // namespace contract
