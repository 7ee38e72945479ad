// SPDX-License-Identifier: Apache-2.0
// See history_sink.h.
#include "daemon/history_sink.h"

#include <filesystem>

namespace copyscope {

namespace {

std::uint64_t file_bytes(const std::string& path) {
    std::uint64_t sum = 0;
    for (const char* suffix : {"", "-wal"}) {
        std::error_code none;
        const auto bytes = std::filesystem::file_size(path + suffix, none);
        sum += none ? 0 : bytes;
    }
    return sum;
}

} // namespace

Result<std::unique_ptr<Sink>> HistorySink::open(const std::string& path, Board& board) {
    auto writer = TRY(HistoryWriter::open(path));
    return std::unique_ptr<Sink>(new HistorySink(std::move(writer), path, board));
}

void HistorySink::begin(const Run&, const Beginning& beginning) {
    writer_.begin_run(beginning.provenance);
}

void HistorySink::counted(const Interval& interval, const Run& run) {
    changes_.tell(writer_.add(interval, run.config.retention));
    const auto bytes = path_.empty() ? 0 : file_bytes(path_);
    board_.change([&](DaemonState& state) {
        state.history_error = changes_.error();
        state.history_bytes = bytes;
    });
}

} // namespace copyscope
