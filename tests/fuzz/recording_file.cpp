// SPDX-License-Identifier: Apache-2.0
// See recording_file.h.
#include "recording_file.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <sqlite3.h>

#include "store/store.h"

namespace fuzz {

namespace {

using namespace copyscope;

constexpr std::size_t most_made = 32;
constexpr std::size_t largest_file = 1 << 20;
constexpr int most_steps = 2'000'000; // of SQLite's machine, for all statements
constexpr WallTime began = 1'767'225'600'000;

Interval interval_of(int number) {
    Interval interval{.begin = began + number * 20'000LL, .end = began + (number + 1) * 20'000LL, .sample = {}};
    for (std::uint32_t pid : {10U, 20U + static_cast<std::uint32_t>(number) % 3}) {
        const copyscope_process process{pid, 0, 1000 + pid};
        ProcessInfo info{.id = process, .comm = "p" + std::to_string(pid), .uid = 1000, .parent_tgid = 1};
        info.cmdline = "/usr/bin/p --of " + std::to_string(pid);
        info.cgroup = "/system.slice/p.service";
        interval.sample.processes.push_back(info);
        Account account;
        account.key = {.process = process,
                       .op = COPYSCOPE_OP_COUNT / 2 + pid % 2,
                       .reserved = 0,
                       .source = {.kind = 1, .flags = 0, .device = 7},
                       .sink = {.kind = 2, .flags = 0, .device = 0}};
        account.value.counter[COPYSCOPE_OPERATIONS] = 1 + static_cast<unsigned>(number);
        account.value.counter[COPYSCOPE_BYTES_MOVED] = 1ULL << (number % 64);
        interval.sample.accounts.push_back(account);
    }
    interval.sample.losses.missed = static_cast<std::uint64_t>(number) % 2;
    return interval;
}

void make(const std::string& path, int intervals) {
    auto store = Store::open(path, StoreMode::create);
    hold(store.has_value(), "a recording is made", store ? "" : store.error().message);
    hold(store->begin_run({.kernel = "6.1", .boot_id = "boot", .not_seen = {"bounce"}}).has_value(), "a run begins");
    for (int i = 0; i < intervals; i++) {
        hold(store->append(interval_of(i)).has_value(), "an interval is written");
        if (i % 3 == 2)
            hold(store->maintain(interval_of(i).end, {}).has_value(), "sums are made");
    }
}

// Bytes 18 and 19: whether the file has a log beside it, which one in memory cannot have.
void set_logged(std::string& file, bool logged) {
    if (file.size() > 19)
        file[18] = file[19] = logged ? 2 : 1;
}

std::string executed(std::string file, const std::string& statements) {
    set_logged(file, false);
    sqlite3* opened = nullptr;
    sqlite3_open(":memory:", &opened);
    const std::unique_ptr<sqlite3, int (*)(sqlite3*)> database(opened, sqlite3_close);
    auto* bytes = static_cast<unsigned char*>(sqlite3_malloc64(file.size()));
    std::copy(file.begin(), file.end(), bytes);
    const auto size = static_cast<sqlite3_int64>(file.size());
    sqlite3_deserialize(opened, "main", bytes, size, size,
                        SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE);
    sqlite3_limit(opened, SQLITE_LIMIT_ATTACHED, 0); // no file is touched
    sqlite3_limit(opened, SQLITE_LIMIT_LENGTH, largest_file);
    sqlite3_exec(opened, fmt::format("PRAGMA max_page_count = {}", largest_file / 4096).c_str(), nullptr, nullptr,
                 nullptr);
    int steps = most_steps / 1000;
    sqlite3_progress_handler(
        opened, 1000, [](void* left) { return static_cast<int>(--*static_cast<int*>(left) < 0); }, &steps);
    sqlite3_exec(opened, "BEGIN", nullptr, nullptr, nullptr);
    for (const char* rest = statements.c_str(); *rest && steps > 0;) {
        sqlite3_stmt* statement = nullptr;
        const char* next = rest;
        if (sqlite3_prepare_v2(opened, rest, -1, &statement, &next) != SQLITE_OK || next == rest) {
            const auto* end = std::char_traits<char>::find(rest, std::char_traits<char>::length(rest), ';');
            next = end ? end + 1 : "";
        }
        while (statement && sqlite3_step(statement) == SQLITE_ROW) {
        }
        sqlite3_finalize(statement);
        rest = next;
    }
    sqlite3_exec(opened, "COMMIT", nullptr, nullptr, nullptr);
    sqlite3_int64 made_size = 0;
    unsigned char* made = sqlite3_serialize(opened, "main", &made_size, 0);
    file.assign(reinterpret_cast<const char*>(made), made ? static_cast<std::size_t>(made_size) : 0);
    sqlite3_free(made);
    set_logged(file, true);
    return file;
}

bool take_number(std::string_view& text, std::size_t& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return error == std::errc();
}

constexpr std::string_view set_bytes = "-- @ ", cut = "-- cut ";

void edit(std::string& file, std::string_view line) {
    std::size_t number = 0;
    if (line.starts_with(cut)) {
        line.remove_prefix(cut.size());
        if (take_number(line, number))
            file.resize(std::min(number, file.size()));
        return;
    }
    line.remove_prefix(set_bytes.size());
    if (!take_number(line, number) || line.empty())
        return;
    line.remove_prefix(1);
    for (unsigned byte = 0; line.size() >= 2 && number < file.size(); line.remove_prefix(2)) {
        if (std::from_chars(line.data(), line.data() + 2, byte, 16).ptr != line.data() + 2)
            return;
        file[number++] = static_cast<char>(byte);
    }
}

std::vector<std::string_view> split(std::string_view text, std::string_view by) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const auto end = std::min(text.find(by), text.size() - by.size());
        parts.push_back(text.substr(0, end + by.size()));
        text.remove_prefix(parts.back().size());
    }
    return parts;
}

// ---- changes ----

std::string hex(Random& random, std::uint64_t count) {
    std::string text;
    for (; count > 0; count--)
        text += fmt::format("{:02x}", random.one_in(3) ? random.of({0x00, 0x01, 0x7f, 0x80, 0xff, 0x0d, 0x05, 0x0a})
                                                       : static_cast<int>(random.below(256)));
    return text;
}

std::string an_edit(Random& random) {
    if (random.one_in(16))
        return fmt::format("-- cut {}\n", random.below(130'000));
    auto at = random.below(120'000);
    if (random.one_in(2)) // where a page says what it is: its head, and where its cells are
        at = at / 4096 * 4096 + random.below(random.one_in(2) ? 12 : 64);
    else if (random.one_in(4)) // of the file
        at = random.below(100);
    return fmt::format("-- @ {} {}\n", at, hex(random, 1 + random.below(random.one_in(8) ? 64 : 6)));
}

std::string value(Random& random) {
    switch (random.below(6)) {
    case 0:
        return "NULL";
    case 1:
        return "X'" + hex(random, random.below(40)) + "'";
    case 2:
        return fmt::format("zeroblob({})", random.below(70'000));
    case 3:
        return "char(27, 91, 50, 74, 10, 8238)";
    case 4:
        return random.one_in(2) ? "1e300" : fmt::format("{}", random.below(4));
    default:
        return fmt::format("{}", static_cast<std::int64_t>(odd_value(random)));
    }
}

std::string a_statement(Random& random) {
    static constexpr const char* columns[] = {
        "name.kind",           "name.number",          "name.name",         "boot.uuid",           "run.boot",
        "run.kernel",          "run.source",           "run.origins",       "run.not_seen",        "process.boot",
        "process.tgid",        "process.start_ns",     "process.comm",      "process.uid",         "process.cmdline",
        "process.cgroup",      "process.container",    "process.crowd",     "account.process",     "account.operation",
        "account.source_kind", "account.source_flags", "account.sink_kind", "account.sink_device", "interval.level",
        "interval.begin",      "interval.first_end",   "interval.end",      "interval.run",        "interval.source",
        "interval.losses",     "interval.summed",      "interval.finer",    "interval.lived",      "cell.interval",
        "cell.account",        "cell.counters",        "crowd.interval",    "crowd.process",       "crowd.processes"};
    const std::string column = random.of(columns);
    const auto dot = column.find('.');
    const std::string table = column.substr(0, dot), name = column.substr(dot + 1);
    const std::string where = random.one_in(3) ? "" : fmt::format(" WHERE random() % {} = 0", 1 + random.below(5));
    // random() would not repeat: which rows is told by what they are
    const std::string some =
        where.empty() ? "" : fmt::format(" WHERE length(quote({})) % 3 = {}", name, random.below(3));
    switch (random.below(12)) {
    case 0:
        return fmt::format("DELETE FROM {}{};\n", table, some);
    case 1:
        return fmt::format("DROP TABLE {};\n", table);
    case 2:
        return fmt::format("CREATE VIEW v{} AS SELECT * FROM {};\n", random.below(9), table);
    case 3:
        return fmt::format("PRAGMA {} = {};\n", random.one_in(2) ? "user_version" : "application_id", value(random));
    case 4:
        return fmt::format("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = {} WHERE name = '{}';\n",
                           random.below(40), table);
    case 5:
        return fmt::format("CREATE TRIGGER t AFTER INSERT ON {0} BEGIN DELETE FROM {0}; END;\n", table);
    case 6:
        return fmt::format("UPDATE OR REPLACE {0} SET {1} = {1} + {2}{3};\n", table, name, value(random), some);
    default:
        return fmt::format("UPDATE OR IGNORE {} SET {} = {}{};\n", table, name, value(random), some);
    }
}

} // namespace

std::string contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    std::string bytes(file ? static_cast<std::size_t>(file.tellg()) : 0, '\0');
    file.seekg(0).read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return bytes;
}

Recordings::Recordings(const std::string& folder) {
    for (std::size_t i = 0; i < std::size(bases); i++) {
        const std::string path = fmt::format("{}/base-{}.db", folder, bases[i]);
        make(path, bases[i]);
        of_[i] = contents(path);
    }
}

std::string Recordings::with_statements(std::string_view text) {
    std::string statements;
    for (const std::string_view line : split(text, "\n"))
        if (!line.starts_with("-- @") && !line.starts_with(cut))
            statements += line;
    const auto known = std::ranges::find(made_, statements, &std::pair<std::string, std::string>::first);
    if (known != made_.end())
        return known->second;
    std::size_t base = 0;
    for (std::size_t i = 0; i < std::size(bases); i++)
        if (statements.starts_with(fmt::format("-- of {} intervals", bases[i])))
            base = i;
    std::erase(statements, '\0');
    std::string file = executed(of_[base], statements);
    if (made_.size() == most_made)
        made_.erase(made_.begin());
    made_.emplace_back(statements, file);
    return file;
}

std::string Recordings::file_of(std::string_view text) {
    std::string file = with_statements(text);
    for (const std::string_view line : split(text, "\n"))
        if (line.starts_with(set_bytes) || line.starts_with(cut))
            edit(file, line);
    return file;
}

std::string mutate_recording(std::string_view text, Random& random) {
    std::string all(text);
    if (!all.empty() && all.back() != '\n')
        all += '\n';
    switch (random.below(6)) {
    case 0: // one line less
    case 1: {
        const auto lines = split(all, "\n");
        std::string fewer;
        const auto left_out = random.below(lines.size() + 1);
        for (std::size_t i = 0; i < lines.size(); i++)
            if (i != left_out)
                fewer += lines[i];
        return fewer;
    }
    case 2:
        return all + a_statement(random);
    default: // an edit keeps what the statements make
        for (auto times = 1 + random.below(random.one_in(4) ? 8 : 2); times > 0; times--)
            all += an_edit(random);
        return all;
    }
}

} // namespace fuzz
