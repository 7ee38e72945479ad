// SPDX-License-Identifier: Apache-2.0
// The file that `record` writes: new, and there only if something is in it. Knows files and the store. Must not know
// where intervals come from.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "store/store.h"

namespace copyscope {

class Recording {
public:
    // An error if anything is there already, which may be somebody's baseline, or no file can be made in that folder.
    // Touches nothing: for before the seconds that attaching takes.
    static Status check(const std::string& path);

    // Makes the file, unless there is one by now.
    static Result<std::unique_ptr<Recording>> create(const std::string& path, const Provenance& run);

    // Takes the file away again if no interval came into it, so that the next attempt finds the name free.
    ~Recording();
    Recording(const Recording&) = delete;
    Recording& operator=(const Recording&) = delete;

    Status append(const Interval& interval);
    std::uint64_t intervals() const { return intervals_; }

private:
    Recording(std::string path, Store store) : path_(std::move(path)), store_(std::move(store)) {}

    std::string path_;
    std::optional<Store> store_;
    std::uint64_t intervals_ = 0;
};

} // namespace copyscope
