// SPDX-License-Identifier: Apache-2.0
// See config.h.
#include "daemon/config.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <functional>
#include <iterator>
#include <stdexcept>

// The library takes some texts ("[[[x]]]") for its own mistake, which by default ends the process.
[[noreturn]] static void end_parsing() {
    throw std::logic_error("toml++");
}
#define TOML_ASSERT(expr) static_cast<void>((expr) || (end_parsing(), false))
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "base/escape.h"
#include "base/time.h"
#include "base/units.h"
#include "bench/address.h"

namespace copyscope {

namespace {

// One setting: how its value gets into a Config. The setter returns what is wrong with the value, empty: nothing.
struct Setting {
    const char* name; // "table.key"
    std::function<std::string(const toml::node&, Config&)> set;
};

auto text(std::string Config::*field) {
    return [field](const toml::node& node, Config& config) -> std::string {
        const auto value = node.value_exact<std::string>();
        if (!value)
            return "wants a string in quotes";
        config.*field = *value;
        return "";
    };
}

auto path(std::string Config::*field, bool may_be_empty) {
    return [=](const toml::node& node, Config& config) -> std::string {
        const auto value = node.value_exact<std::string>();
        if (!value || !(value->starts_with('/') || (may_be_empty && value->empty())))
            return "wants an absolute path in quotes";
        config.*field = *value;
        return "";
    };
}

// Shorter intervals would measure the daemon, longer ones lose who lived in between to a full map.
constexpr std::chrono::milliseconds shortest_interval{100}, longest_interval{60'000};

auto duration(std::chrono::milliseconds Config::*field) {
    return [field](const toml::node& node, Config& config) -> std::string {
        const auto words = node.value_exact<std::string>();
        if (!words)
            return "wants a duration in quotes, such as \"1s\" or \"500ms\"";
        const auto value = parse_span(*words);
        if (!value)
            return value.error().message;
        const std::chrono::milliseconds span(*value);
        if (span < shortest_interval || span > longest_interval)
            return "is between 100ms and 60s";
        config.*field = span;
        return "";
    };
}

auto number(std::uint32_t& (*field)(Config&), std::int64_t least, std::int64_t most) {
    return [=](const toml::node& node, Config& config) -> std::string {
        const auto value = node.value_exact<std::int64_t>();
        if (!value || *value < least || *value > most)
            return fmt::format("wants a whole number from {} to {}", least, most);
        field(config) = static_cast<std::uint32_t>(*value);
        return "";
    };
}

// SQLite wants some pages to work with.
constexpr std::uint64_t smallest_history = 1 << 20;

std::string set_max_size(const toml::node& node, Config& config) {
    const auto words = node.value_exact<std::string>();
    if (!words)
        return "wants a size in quotes, such as \"1GiB\"";
    const auto value = parse_size(*words);
    if (!value)
        return value.error().message;
    if (*value && *value < smallest_history)
        return "is at least 1MiB, or 0 for no limit";
    config.retention.max_bytes = *value;
    return "";
}

std::string set_listen(const toml::node& node, Config& config) {
    if (auto problem = text(&Config::listen)(node, config); !problem.empty() || config.listen.empty())
        return problem;
    const auto address = parse_host_port(config.listen);
    if (!address)
        return address.error().message;
    return address->host.empty() ? "wants a host: \"127.0.0.1:9435\" serves this machine only" : "";
}

std::string set_names(const toml::node& node, Config& config) {
    const auto* list = node.as_array();
    if (!list || !std::ranges::all_of(*list, [](const toml::node& one) { return one.is_string(); }))
        return "wants a list of names in quotes, such as [\"web1.example.com\"]";
    config.names.clear();
    for (const toml::node& one : *list)
        config.names.push_back(*one.value_exact<std::string>());
    return "";
}

// The one suffix that node_exporter reads.
std::string set_textfile(const toml::node& node, Config& config) {
    if (auto problem = path(&Config::textfile, true)(node, config); !problem.empty())
        return problem;
    return config.textfile.empty() || config.textfile.ends_with(".prom") ? "" : "wants a file that ends in .prom";
}

template<typename Value>
auto choice(Value Config::*field, std::vector<std::pair<std::string, Value>> values) {
    return [=](const toml::node& node, Config& config) -> std::string {
        const auto word = node.value_exact<std::string>();
        std::string known;
        for (const auto& [name, value] : values) {
            if (word == name) {
                config.*field = value;
                return "";
            }
            known += (known.empty() ? "\"" : ", \"") + name + "\"";
        }
        return "is one of " + known;
    };
}

const std::vector<Setting>& settings() {
    static const std::vector<Setting> table = {
        {"interval", duration(&Config::interval)},
        {"idle_interval", duration(&Config::idle_interval)},
        {"copies", choice<CopyChoice>(&Config::copies, {{"auto", CopyChoice::automatic},
                                                        {"module", CopyChoice::module},
                                                        {"breakpoints", CopyChoice::breakpoints},
                                                        {"derived", CopyChoice::derived}})},
        {"user", text(&Config::user)},
        {"group", text(&Config::group)},
        {"socket.path", path(&Config::socket, false)},
        {"history.path", path(&Config::history, true)},
        {"history.raw_hours",
         number([](Config& config) -> std::uint32_t& { return config.retention.raw_hours; }, 0, 24 * 366)},
        {"history.minute_days",
         number([](Config& config) -> std::uint32_t& { return config.retention.minute_days; }, 0, 3660)},
        {"history.hour_days",
         number([](Config& config) -> std::uint32_t& { return config.retention.hour_days; }, 0, 36600)},
        {"history.max_size", set_max_size},
        {"metrics.listen", set_listen},
        {"metrics.names", set_names},
        {"metrics.textfile", set_textfile},
        {"metrics.top", number([](Config& config) -> std::uint32_t& { return config.top; }, 1, 1000)},
        {"metrics.label", choice<std::string>(&Config::label, {{"command", "command"}, {"cgroup", "cgroup"}})},
    };
    return table;
}

class Reader {
public:
    explicit Reader(std::string name) : name_(std::move(name)) {}

    void read(const toml::table& table, const std::string& prefix) {
        for (const auto& [key, node] : table) {
            const auto name = prefix + std::string(key.str());
            const auto setting = std::ranges::find(settings(), name, &Setting::name);
            if (setting != settings().end()) {
                if (const auto problem = setting->set(node, config_); !problem.empty())
                    complain(node.source(), fmt::format("'{}' {}", name, problem));
            } else if (node.is_table() && prefix.empty() && is_table_name(name)) {
                read(*node.as_table(), name + ".");
            } else {
                complain(key.source(), fmt::format("'{}' is not a setting: there are {}", name, names()));
            }
        }
    }

    Result<Config> conclude() {
        if (config_.idle_interval < config_.interval)
            problems_ += fmt::format("{}{}: 'idle_interval' is at least as long as 'interval'",
                                     problems_.empty() ? "" : "\n", name_);
        if (!problems_.empty())
            return fail_usage(problems_);
        return config_;
    }

private:
    void complain(const toml::source_region& where, const std::string& what) {
        problems_ += fmt::format("{}{}:{}: {}", problems_.empty() ? "" : "\n", name_, where.begin.line, escaped(what));
    }

    static bool is_table_name(const std::string& name) {
        return std::ranges::any_of(
            settings(), [&](const Setting& setting) { return std::string(setting.name).starts_with(name + "."); });
    }

    static std::string names() {
        std::string list;
        for (const Setting& setting : settings())
            list += (list.empty() ? "" : ", ") + std::string(setting.name);
        return list;
    }

    std::string name_, problems_;
    Config config_;
};

bool is_mistaken(std::string_view text) try {
    (void)toml::parse(text);
    return false;
} catch (const std::logic_error&) {
    return true;
}

// In a text that is_mistaken(): so many lines of it are, and no fewer.
std::size_t line_of_mistake(std::string_view text) {
    std::vector<std::size_t> ends;
    for (auto end = text.find('\n'); end != text.npos; end = text.find('\n', end + 1))
        ends.push_back(end);
    const auto first =
        std::ranges::partition_point(ends, [&](std::size_t end) { return !is_mistaken(text.substr(0, end)); });
    return static_cast<std::size_t>(first - ends.begin()) + 1;
}

// Far more than all settings with all that can be said about them.
constexpr std::size_t longest_config = 1 << 20;

} // namespace

Result<Config> parse_config(std::string_view text, const std::string& name) try {
    const auto parsed = toml::parse(text, name);
    if (!parsed)
        return fail_usage(
            fmt::format("{}:{}: {}", name, parsed.error().source().begin.line, escaped(parsed.error().description())));
    Reader reader(name);
    reader.read(parsed.table(), "");
    return reader.conclude();
} catch (const std::logic_error&) {
    return fail_usage(fmt::format("{}:{}: this is not TOML", name, line_of_mistake(text)));
}

Result<Config> read_config(const std::string& path, bool must_exist) {
    std::error_code none;
    if (std::filesystem::is_directory(path, none)) // which can be opened like a file
        return fail("cannot read the configuration " + path + ": it is a folder");
    std::ifstream file(path);
    if (!file) {
        if (errno == ENOENT && !must_exist)
            return Config{};
        return fail_errno("cannot read the configuration " + path);
    }
    std::string text(longest_config + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (file.bad())
        return fail_errno("cannot read the configuration " + path);
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.size() > longest_config)
        return fail_usage(fmt::format("the configuration {} has more than {} bytes", path, longest_config));
    return parse_config(text, path);
}

std::vector<std::string> needs_restart(const Config& now, const Config& later) {
    std::vector<std::string> names;
    const auto compare = [&](const char* name, const auto& a, const auto& b) {
        if (a != b)
            names.emplace_back(name);
    };
    compare("copies", now.copies, later.copies);
    compare("user", now.user, later.user);
    compare("group", now.group, later.group);
    compare("socket.path", now.socket, later.socket);
    compare("history.path", now.history, later.history);
    compare("metrics.listen", now.listen, later.listen);
    compare("metrics.names", now.names, later.names);
    compare("metrics.textfile", now.textfile, later.textfile);
    compare("metrics.top", now.top, later.top);
    compare("metrics.label", now.label, later.label);
    return names;
}

Config reloaded(const Config& now, const Config& later) {
    Config result = now;
    result.interval = later.interval;
    result.idle_interval = later.idle_interval;
    result.retention = later.retention;
    return result;
}

} // namespace copyscope
