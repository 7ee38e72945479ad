// SPDX-License-Identifier: Apache-2.0
// See recording.h.
#include "cli/recording.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <unistd.h>

namespace copyscope {

Status Recording::check(const std::string& path) {
    std::error_code none;
    if (std::filesystem::exists(std::filesystem::symlink_status(path, none))) // a link that leads nowhere, too
        return fail(fmt::format("{} exists already: remove it, or record into another file", path));
    const std::string folder = std::filesystem::path(path).parent_path();
    if (access(folder.empty() ? "." : folder.c_str(), W_OK | X_OK) != 0)
        return fail(fmt::format("cannot create {}: {}: name a file in a folder that you may write to", path,
                                std::strerror(errno)));
    return {};
}

Result<std::unique_ptr<Recording>> Recording::create(const std::string& path, const Provenance& run) {
    TRY(check(path));
    auto store = TRY(Store::open(path, StoreMode::create));
    std::unique_ptr<Recording> recording(new Recording(path, std::move(store)));
    TRY(recording->store_->begin_run(run));
    return recording;
}

Recording::~Recording() {
    if (intervals_)
        return;
    store_.reset(); // SQLite takes its own files away when it can
    for (const char* suffix : {"", "-wal", "-shm"}) {
        std::error_code none;
        std::filesystem::remove(path_ + suffix, none);
    }
}

Status Recording::append(const Interval& interval) {
    auto status = store_->append(interval);
    if (status)
        intervals_++;
    return status;
}

} // namespace copyscope
