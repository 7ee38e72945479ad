// SPDX-License-Identifier: Apache-2.0
// See dma_bench.h.
#include "bench/dma_bench.h"

#include <span>
#include <sys/mman.h>
#include <vector>

#include <fmt/format.h>

#include "base/units.h"
#include "bench/memory_pass.h"
#include "bench/pattern.h"
#include "device/device.h"

namespace copyscope {

namespace {

// One buffer of twice the size: the first half holds a pattern that stays, the second half is what is written and
// copied to.
class Subject {
public:
    static Result<Subject> make(const DmaBenchOptions& options, const DmaBufferType& type, std::uint64_t size) {
        auto device = TRY(DmaDevice::open(options.machine.device));
        TRY(device.alloc({.length = 2 * size, .kind = type.kind, .caching = type.caching}));
        auto mapping = TRY(device.map(2 * size, 0, MAP_POPULATE));
        return Subject(options, type, size, std::move(device), std::move(mapping));
    }

    Result<DmaBenchRow> measure();

private:
    Subject(const DmaBenchOptions& options, const DmaBufferType& type, std::uint64_t size, DmaDevice device,
            Mapping mapping)
        : timing_(options.timing), type_(type), size_(size), has_engine_(!options.machine.info.engine.empty()),
          seed_(random_seed()), device_(std::move(device)), mapping_(std::move(mapping)) {
        fill_pattern(bytes(0), 0, seed_);
    }

    std::span<std::byte> bytes(std::uint64_t offset) const {
        return {static_cast<std::byte*>(mapping_.get()) + offset, size_};
    }
    std::span<std::uint64_t> words(std::uint64_t offset) const {
        return {reinterpret_cast<std::uint64_t*>(bytes(offset).data()), size_ / sizeof(std::uint64_t)};
    }
    // Whether the buffer has one owner at a time.
    bool is_handed_over() const { return type_.kind == DmaKind::streaming; }
    // All of it.
    Status give(DmaOwner owner) { return device_.sync(owner, DmaDirection::both, 0, 2 * size_); }

    // Compares a half with the pattern.
    Status check(std::uint64_t offset, const char* after) {
        const auto wrong = check_pattern(bytes(offset), 0, seed_);
        if (wrong)
            return fail(fmt::format("{}: byte {} is wrong ({}): this is a bug of the module or the machine", after,
                                    offset + wrong->offset, to_string(wrong->damage)));
        verified_ += size_;
        return {};
    }

    Result<DmaTiming> time_reads();
    Result<DmaTiming> time_writes();
    Result<DmaTiming> time_copies(DmaCopier copier);
    Result<PairTiming> time_syncs();

    const TimingPlan& timing_;
    DmaBufferType type_;
    std::uint64_t size_;
    bool has_engine_;
    std::uint64_t seed_;
    std::uint64_t verified_ = 0;
    DmaDevice device_;
    Mapping mapping_;
};

Result<DmaTiming> Subject::time_reads() {
    std::vector<std::uint64_t> ordinary(words(0).size());
    fill_pattern(std::as_writable_bytes(std::span(ordinary)), 0, seed_);
    const auto expected = read_words(ordinary);
    const auto source = words(0);
    auto timing = time_pass(timing_, [&]() -> Status {
        if (read_words(source) != expected)
            return fail("reading: a word is wrong: this is a bug of the module or the machine");
        return {};
    });
    if (auto right = check(0, "reading"); timing && !right)
        return std::unexpected(right.error());
    return timing;
}

Result<DmaTiming> Subject::time_writes() {
    std::uint64_t first = seed_;
    const auto target = words(size_);
    auto timing = time_pass(timing_, [&]() -> Status {
        write_words(target, ++first);
        return {};
    });
    if (const auto wrong = first_wrong_word(target, first); timing && wrong != target.size())
        return fail(fmt::format("writing: the word at {} is wrong: this is a bug of the module or the machine",
                                wrong * sizeof(std::uint64_t)));
    verified_ += size_;
    return timing;
}

// The engine copies what the device owns, the CPU what is its own.
Result<DmaTiming> Subject::time_copies(DmaCopier copier) {
    const bool hand_over = copier == DmaCopier::engine && is_handed_over();
    write_words(words(size_), 0); // what was right before proves nothing
    TRY(hand_over ? give(DmaOwner::device) : Status{});
    auto timing = time_pass(timing_, [&] {
        return device_.copy({.to_offset = size_, .from_offset = 0, .length = size_, .copier = copier});
    });
    if (!timing)
        return timing;
    TRY(hand_over ? give(DmaOwner::cpu) : Status{});
    TRY(check(size_, copier == DmaCopier::engine ? "copying by the engine" : "copying by the CPU"));
    return timing;
}

// There and back again must change no byte: with a bounce buffer both directions copy.
Result<PairTiming> Subject::time_syncs() {
    auto timing = time_pair(
        timing_, [&] { return give(DmaOwner::device); }, [&] { return give(DmaOwner::cpu); });
    if (!timing)
        return timing;
    for (const std::uint64_t half : {std::uint64_t{0}, size_})
        TRY(check(half, "handing over"));
    return timing;
}

Result<DmaBenchRow> Subject::measure() {
    const auto read = TRY(time_reads());
    const auto write = TRY(time_writes());
    const auto cpu_copy = TRY(time_copies(DmaCopier::cpu));
    DmaBenchRow row{.size = size_, .buffer = type_, .read = read, .write = write, .cpu_copy = cpu_copy};
    if (has_engine_) {
        const auto copy = TRY(time_copies(DmaCopier::engine));
        row.engine_copy = copy;
    }
    if (is_handed_over()) {
        const auto syncs = TRY(time_syncs());
        row.for_device = syncs.first;
        row.for_cpu = syncs.second;
    }
    row.verified_bytes = verified_;
    return row;
}

} // namespace

Result<DmaBench> run_dma_bench(const DmaBenchOptions& options,
                               const std::function<void(const DmaProgress&)>& on_progress) {
    const auto& choice = options.choice;
    DmaBench bench{.machine = options.machine, .rows = {}, .notes = choice.left_out};
    const std::size_t total = choice.sizes.size() * choice.buffers.size();
    std::size_t done = 0;
    for (const auto size : choice.sizes) {
        for (const auto& type : choice.buffers) {
            const auto what = fmt::format("{}, {}", type.name, format_bytes(size));
            if (on_progress)
                on_progress({what, done++, total});
            if (options.timing.patience.stopped())
                return fail("interrupted");
            auto subject = Subject::make(options, type, size);
            if (!subject && !choice.by_name) {
                bench.notes.push_back(fmt::format("{} was not measured: {}", what, subject.error().message));
                continue;
            }
            auto row = subject ? subject->measure() : std::unexpected(subject.error());
            if (!row)
                return std::unexpected(options.timing.patience.stopped() ? Error{"interrupted"}
                                                                         : row.error().within(what));
            bench.rows.push_back(std::move(*row));
        }
    }
    if (bench.rows.empty())
        return fail(bench.notes.empty() ? "no buffer could be measured" : bench.notes.front());
    return bench;
}

} // namespace copyscope
