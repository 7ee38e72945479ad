// SPDX-License-Identifier: Apache-2.0
// Interval -> JSON and back. Scripts and the daemon's protocol depend on this: names and meanings stay, fields may be
// added.
//
//   schema       "copyscope.interval/1"
//   begin_ms, end_ms  what it covers: after the first, up to the second; milliseconds since 1970-01-01 UTC
//   copies       what `measured` of the accounts comes from: "derived" (nothing), "breakpoints", "module"
//   processes[]  pid, start_ns (since boot), comm, uid, parent_pid, cgroup_id, and where they are known cmdline,
//   cgroup,
//                container
//   accounts[]   pid, start_ns, operation, source{kind, flags[], device}, sink{as source}, counters{name: value},
//                measured{class: {bytes, calls}}. Zeros are left out. device is the kernel's dev_t, of a socket the
//                number of its interface
//   losses       events by kind, and their `total`
//
// A process is {pid, start_ns}: a pid can be used again.
#include "report/interval_json.h"

#include <algorithm>
#include <limits>
#include <optional>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "model/class_row.h"
#include "model/counters.h"
#include "report/losses_json.h"

namespace copyscope {

namespace {

using Json = nlohmann::ordered_json;

constexpr char schema[] = "copyscope.interval/1";
constexpr std::pair<std::uint16_t, const char*> flag_names[] = {
    {COPYSCOPE_END_DIRECT, "direct"},   {COPYSCOPE_END_LOOPBACK, "loopback"}, {COPYSCOPE_END_NO_SG, "no_sg"},
    {COPYSCOPE_END_VIRTUAL, "virtual"}, {COPYSCOPE_END_COHERENT, "coherent"}, {COPYSCOPE_END_HUGE, "huge"},
    {COPYSCOPE_END_TLS, "tls"},         {COPYSCOPE_END_SOCKMAP, "sockmap"}};

void add_text(Json& json, const char* key, const std::string& text) {
    if (!text.empty())
        json[key] = text;
}

Json process_json(const ProcessInfo& process) {
    Json json = {{"pid", process.id.tgid}, {"start_ns", process.id.start_ns},   {"comm", process.comm},
                 {"uid", process.uid},     {"parent_pid", process.parent_tgid}, {"cgroup_id", process.cgroup_id}};
    add_text(json, "cmdline", process.cmdline);
    add_text(json, "cgroup", process.cgroup);
    add_text(json, "container", process.container);
    return json;
}

Json endpoint_json(const copyscope_endpoint& end) {
    Json json = {{"kind", endpoint_kind_name(end.kind)}};
    for (const auto& [flag, name] : flag_names)
        if (end.flags & flag)
            json["flags"].push_back(name);
    if (end.device)
        json["device"] = end.device;
    return json;
}

Json account_json(const Account& account) {
    Json counters = Json::object(), measured = Json::object();
    for (std::uint32_t i = 0; i < COPYSCOPE_COUNTERS; ++i)
        if (account.value.counter[i])
            counters.emplace(counter_name(i), account.value.counter[i]);
    for (std::uint32_t i = 0; i < COPYSCOPE_CLASSES; ++i)
        if (account.measured.bytes[i] || account.measured.calls[i])
            measured[std::string(copy_class_name(i))] = {{"bytes", account.measured.bytes[i]},
                                                         {"calls", account.measured.calls[i]}};
    Json json = {{"pid", account.key.process.tgid},
                 {"start_ns", account.key.process.start_ns},
                 {"operation", operation_name(account.key.op)},
                 {"source", endpoint_json(account.key.source)},
                 {"sink", endpoint_json(account.key.sink)},
                 {"counters", std::move(counters)}};
    if (!measured.empty())
        json["measured"] = std::move(measured);
    return json;
}

std::uint32_t number32(const JsonReader& reader, const char* key) {
    const std::uint64_t value = reader.number(key);
    if (value > std::numeric_limits<std::uint32_t>::max())
        reader.refuse(std::string("has a ") + key + " that is too large");
    return static_cast<std::uint32_t>(value);
}

copyscope_process process_id(const JsonReader& reader) {
    return {number32(reader, "pid"), 0, reader.number("start_ns")};
}

ProcessInfo process_from(const JsonReader& reader) {
    return {.id = process_id(reader),
            .comm = reader.text("comm"),
            .uid = number32(reader, "uid"),
            .parent_tgid = number32(reader, "parent_pid"),
            .cgroup_id = reader.number("cgroup_id"),
            .cmdline = reader.text("cmdline"),
            .cgroup = reader.text("cgroup"),
            .container = reader.text("container")};
}

// Of the numbers below `count` the one with that name.
std::uint32_t number_named(const JsonReader& reader, const char* key, std::uint32_t count, auto name_of) {
    const std::string name = reader.text(key);
    for (std::uint32_t i = 0; i < count; ++i)
        if (name_of(i) == name)
            return i;
    reader.refuse(std::string("has an unknown ") + key + ": '" + name + "'");
    return 0;
}

copyscope_endpoint endpoint_from(const JsonReader& reader) {
    copyscope_endpoint end{};
    end.kind = static_cast<__u16>(number_named(reader, "kind", COPYSCOPE_END_COUNT, [](std::uint32_t kind) {
        return endpoint_kind_name(static_cast<std::uint16_t>(kind));
    }));
    for (const std::string& name : reader.texts("flags")) {
        auto found = std::ranges::find(flag_names, name, [](const auto& flag) { return std::string(flag.second); });
        if (found == std::end(flag_names))
            reader.refuse("has a flag that is not known here: '" + name + "'");
        else
            end.flags |= found->first;
    }
    end.device = number32(reader, "device");
    return end;
}

Account account_from(const JsonReader& reader) {
    Account account;
    account.key = {.process = process_id(reader),
                   .op = number_named(reader, "operation", COPYSCOPE_OP_COUNT, operation_name),
                   .reserved = 0,
                   .source = endpoint_from(reader.object("source")),
                   .sink = endpoint_from(reader.object("sink"))};
    const JsonReader counters = reader.object("counters");
    for (const auto& [name, value] : counters.numbers()) {
        if (const auto counter = find_counter(name))
            account.value.counter[*counter] = value;
        else
            counters.refuse("has a counter that is not known here: '" + name + "'");
    }
    const JsonReader measured = reader.object("measured");
    for (const std::string& name : measured.keys()) {
        if (const auto copy_class = find_copy_class(name)) {
            account.measured.bytes[*copy_class] = measured.object(name.c_str()).number("bytes");
            account.measured.calls[*copy_class] = measured.object(name.c_str()).number("calls");
        } else {
            measured.refuse("has a class that is not known here: '" + name + "'");
        }
    }
    return account;
}

CopySource source_from(const JsonReader& reader) {
    for (CopySource source : {CopySource::derived, CopySource::breakpoints, CopySource::module})
        if (reader.text("copies") == copy_source_name(source))
            return source;
    reader.refuse("has a source of copies that is not known here");
    return CopySource::derived;
}

} // namespace

Json interval_json(const Interval& interval) {
    Json processes = Json::array(), accounts = Json::array();
    for (const ProcessInfo& process : interval.sample.processes)
        processes.push_back(process_json(process));
    for (const Account& account : interval.sample.accounts)
        accounts.push_back(account_json(account));
    return {{"schema", schema},
            {"begin_ms", interval.begin},
            {"end_ms", interval.end},
            {"copies", copy_source_name(interval.sample.source)},
            {"processes", std::move(processes)},
            {"accounts", std::move(accounts)},
            {"losses", losses_json(interval.sample.losses)}};
}

std::string render_interval_json(const Interval& interval) {
    return json_text(interval_json(interval)) + "\n";
}

Result<Interval> interval_from_json(const Json& json) {
    std::string error;
    const JsonReader reader(json, error);
    if (error.empty() && reader.text("schema") != schema)
        reader.refuse(std::string("has not the schema ") + schema);
    Interval interval{.begin = reader.signed_number("begin_ms"), .end = reader.signed_number("end_ms")};
    interval.sample.source = source_from(reader);
    for (const JsonReader& process : reader.objects("processes"))
        interval.sample.processes.push_back(process_from(process));
    for (const JsonReader& account : reader.objects("accounts"))
        interval.sample.accounts.push_back(account_from(account));
    interval.sample.losses = losses_from_json(reader.object("losses"));
    if (!error.empty())
        return fail("not an interval that this copyscope understands: " + error);
    return interval;
}

} // namespace copyscope
