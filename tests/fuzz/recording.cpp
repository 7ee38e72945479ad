// SPDX-License-Identifier: Apache-2.0
// Target: recordings that somebody else has made. They are refused or read; what is read can be shown, and be read back
// from JSON; the file stays as it was. The daemon's way with a history that it goes on with, too.
#include <filesystem>
#include <fstream>
#include <limits>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "model/breakdown.h"
#include "recording_file.h"
#include "report/breakdown_report.h"
#include "report/interval_json.h"
#include "store/store.h"

namespace {

using namespace copyscope;
using fuzz::hold;

constexpr WallTime never = std::numeric_limits<WallTime>::min(), ever = std::numeric_limits<WallTime>::max();
constexpr std::size_t most_accounts = 20'000;

// In memory where that can be had.
struct Folder {
    Folder() {
        std::string name =
            (access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp") + std::string("/copyscope-fuzz-XXXXXX");
        path = mkdtemp(name.data());
    }
    ~Folder() { std::filesystem::remove_all(path); }
    std::string path;
};

void show(const Span& span, Dimension by) {
    const Breakdown breakdown =
        break_down(span.interval, {.by = by, .top = 5, .nested = by != Dimension::copy_class}, span.provenance.origins);
    (void)render_breakdown_text(breakdown);
    (void)render_breakdown_csv(breakdown);
    const auto json = parse_json(render_breakdown_json(breakdown));
    hold(json.has_value(), "a report that we write is within our bounds", json ? "" : json.error().message);
    const auto back = breakdown_from_json(*json);
    hold(back.has_value(), "a report that we write is read back", back ? "" : back.error().message);
}

void show(const Interval& interval) {
    const auto json = parse_json(render_interval_json(interval));
    hold(json.has_value(), "an interval that we write is within our bounds", json ? "" : json.error().message);
    const auto back = interval_from_json(*json);
    hold(back.has_value(), "an interval that we write is read back", back ? "" : back.error().message);
    (void)render_interval_csv(interval);
}

void look(const std::string& path, Dimension by, std::size_t most) {
    auto store = Store::open(path, StoreMode::read_only);
    if (!store)
        return hold(!store.error().message.empty(), "a refusal says why");
    store->limit_accounts(most);
    (void)store->facts();
    for (const auto& [since, until] : {std::pair(never, ever), {1'767'225'690'000, 1'767'226'000'000}})
        if (const auto span = store->read(since, until))
            show(*span, by);
    if (const auto span = store->read(never, ever, 1000))
        show(*span, by);
    int shown = 0;
    (void)store->for_each(never, ever, [&](const Interval& interval) {
        if (++shown < 4)
            show(interval);
        return Status{};
    });
}

void go_on(const std::string& path) {
    auto store = Store::open(path, StoreMode::create);
    if (!store)
        return;
    store->limit_accounts(most_accounts);
    const Retention little{.raw_hours = 1, .minute_days = 1, .hour_days = 1, .max_bytes = 1 << 20, .processes = 2};
    if (store->begin_run({.kernel = "6.1", .boot_id = "another"}) &&
        store->append({.begin = 1'767'230'000'000, .end = 1'767'230'001'000, .sample = {}}))
        (void)store->maintain(1'767'230'001'000, little);
    (void)store->read(never, ever);
}

} // namespace

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
    fuzz::Random random(seed);
    return fuzz::put(fuzz::mutate_recording(fuzz::view(data, size), random), data, most);
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Folder folder;
    static fuzz::Recordings recordings(folder.path);
    const std::string path = folder.path + "/fuzz.db";
    const std::string file = recordings.file_of(fuzz::view(data, size));
    std::ofstream(path, std::ios::binary | std::ios::trunc) << file;
    look(path, static_cast<Dimension>(size % (static_cast<std::size_t>(Dimension::copy_class) + 1)),
         size % 3 ? most_accounts : size % 32);
    hold(fuzz::contents(path) == file, "what is read stays as it was");
    hold(!std::filesystem::exists(path + "-wal"), "and there is nothing beside it");
    if (size % 4 == 0)
        go_on(path);
    for (const char* suffix : {"", "-wal", "-shm"})
        ::unlink((path + suffix).c_str());
    return 0;
}
