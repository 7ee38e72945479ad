// SPDX-License-Identifier: Apache-2.0
// See names.h.
#include "store/names.h"

#include <algorithm>

#include <fmt/format.h>

#include "model/counters.h"

namespace copyscope {

namespace {

// The figures of an account in one row: counters, bytes by class, calls by class.
constexpr std::size_t account_figures = COPYSCOPE_COUNTERS + 2 * COPYSCOPE_CLASSES;
constexpr std::size_t losses_figures = COPYSCOPE_LOSSES + 3;
// Of a kind, beyond those that this build has: newer versions have more. Each account takes memory for each of them.
constexpr std::size_t most_unknown = 64;
constexpr std::size_t longest_name = 128; // bytes

template<typename AnAccount>
auto& figure(AnAccount& account, std::size_t i) {
    if (i < COPYSCOPE_COUNTERS)
        return account.value.counter[i];
    i -= COPYSCOPE_COUNTERS;
    return i < COPYSCOPE_CLASSES ? account.measured.bytes[i] : account.measured.calls[i - COPYSCOPE_CLASSES];
}

template<typename SomeLosses>
auto& loss_figure(SomeLosses& losses, std::size_t i) {
    if (i < COPYSCOPE_LOSSES)
        return losses.inside[i];
    const std::array others = {&losses.missed, &losses.unread, &losses.quiet};
    return *others.at(i - COPYSCOPE_LOSSES);
}

std::string figure_name(std::size_t i) {
    if (i < COPYSCOPE_COUNTERS)
        return std::string(counter_name(static_cast<std::uint32_t>(i)));
    i -= COPYSCOPE_COUNTERS;
    const bool bytes = i < COPYSCOPE_CLASSES;
    const auto copy_class = static_cast<std::uint32_t>(bytes ? i : i - COPYSCOPE_CLASSES);
    return fmt::format("measured_{}_{}", copy_class_name(copy_class), bytes ? "bytes" : "calls");
}

std::string loss_figure_name(std::size_t i) {
    if (i < COPYSCOPE_LOSSES)
        return std::string(loss_name(static_cast<std::uint32_t>(i)));
    return std::array{"missed", "unread", "quiet"}.at(i - COPYSCOPE_LOSSES);
}

constexpr std::array<std::string_view, name_kinds> kind_names = {"counter", "loss", "operation", "endpoint", "source"};

std::size_t values_of(NameKind kind) {
    switch (kind) {
    case NameKind::counter:
        return account_figures;
    case NameKind::loss:
        return losses_figures;
    case NameKind::operation:
        return COPYSCOPE_OP_COUNT;
    case NameKind::endpoint:
        return COPYSCOPE_END_COUNT;
    case NameKind::source:
        break;
    }
    return static_cast<std::size_t>(CopySource::module) + 1;
}

std::string name_of(NameKind kind, std::size_t value) {
    switch (kind) {
    case NameKind::counter:
        return figure_name(value);
    case NameKind::loss:
        return loss_figure_name(value);
    case NameKind::operation:
        return std::string(operation_name(static_cast<std::uint32_t>(value)));
    case NameKind::endpoint:
        return std::string(endpoint_kind_name(static_cast<std::uint16_t>(value)));
    case NameKind::source:
        break;
    }
    return std::string(copy_source_name(static_cast<CopySource>(value)));
}

} // namespace

Result<Names> Names::load(Connection& connection) {
    Names names;
    names.path_ = connection.path();
    for (std::size_t k = 0; k < name_kinds; ++k) {
        const auto kind = static_cast<NameKind>(k);
        Kind& table = names.kinds_[k];
        table.numbers.assign(values_of(kind), -1);
        Statement& all = connection.sql("SELECT number, name FROM name WHERE kind = ? ORDER BY number");
        Status status = all(kind_names[k]).each([&](const SqlRow& row) -> Status {
            if (row.integer(0) != static_cast<std::int64_t>(table.names.size()))
                return std::unexpected(connection.damaged("its names are not numbered"));
            if (table.names.size() == values_of(kind) + most_unknown)
                return std::unexpected(connection.damaged(
                    fmt::format("more names of the kind {} than {}", kind_names[k], table.names.size())));
            if (row.text(1).size() > longest_name)
                return std::unexpected(connection.damaged(fmt::format("a name of {} bytes", row.text(1).size())));
            std::size_t value = unknown;
            for (std::size_t i = 0; i < table.numbers.size(); ++i)
                if (name_of(kind, i) == row.text(1)) {
                    value = i;
                    table.numbers[i] = row.integer(0);
                }
            table.values.push_back(value);
            table.names.emplace_back(row.text(1));
            return {};
        });
        if (!status)
            return std::unexpected(status.error());
    }
    return names;
}

Status Names::complete(Connection& connection) {
    for (std::size_t k = 0; k < name_kinds; ++k)
        for (std::size_t value = 0; value < kinds_[k].numbers.size(); ++value) {
            Kind& table = kinds_[k];
            if (table.numbers[value] >= 0)
                continue;
            const std::string name = name_of(static_cast<NameKind>(k), value);
            Statement& insert = connection.sql("INSERT INTO name(kind, number, name) VALUES(?, ?, ?)");
            TRY(insert(kind_names[k], table.names.size(), std::string_view(name)).run());
            table.numbers[value] = static_cast<std::int64_t>(table.names.size());
            table.values.push_back(value);
            table.names.push_back(name);
        }
    return {};
}

std::int64_t Names::number(NameKind kind, std::size_t value) const {
    const Kind& table = kinds_[static_cast<std::size_t>(kind)];
    return value < table.numbers.size() ? table.numbers[value] : -1;
}

Result<std::size_t> Names::value(NameKind kind, std::int64_t number) const {
    const Kind& table = kinds_[static_cast<std::size_t>(kind)];
    if (number < 0 || number >= static_cast<std::int64_t>(table.values.size()))
        return fail(
            fmt::format("{} is damaged: it has no {} {}", path_, kind_names[static_cast<std::size_t>(kind)], number));
    if (table.values[static_cast<std::size_t>(number)] == unknown)
        return not_known(kind, static_cast<std::size_t>(number));
    return table.values[static_cast<std::size_t>(number)];
}

std::unexpected<Error> Names::not_known(NameKind kind, std::size_t number) const {
    const auto k = static_cast<std::size_t>(kind);
    return fail(
        fmt::format("{} has figures of the {} '{}', which a newer version of copyscope has written: use that version",
                    path_, kind_names[k], kinds_[k].names[number]));
}

Figures Names::figures_of(const Account& account) const {
    const Kind& table = kinds_[static_cast<std::size_t>(NameKind::counter)];
    Figures figures(table.values.size());
    for (std::size_t i = 0; i < account_figures; ++i)
        figures[static_cast<std::size_t>(table.numbers[i])] = figure(account, i);
    return figures;
}

Figures Names::figures_of(const Losses& losses) const {
    const Kind& table = kinds_[static_cast<std::size_t>(NameKind::loss)];
    Figures figures(table.values.size());
    for (std::size_t i = 0; i < losses_figures; ++i)
        figures[static_cast<std::size_t>(table.numbers[i])] = loss_figure(losses, i);
    return figures;
}

Status Names::add_to(Account& account, std::span<const std::uint64_t> figures) const {
    const Kind& table = kinds_[static_cast<std::size_t>(NameKind::counter)];
    for (std::size_t number = 0; number < figures.size(); ++number) {
        if (figures[number] == 0)
            continue;
        if (table.values[number] == unknown)
            return not_known(NameKind::counter, number);
        figure(account, table.values[number]) += figures[number];
    }
    return {};
}

Status Names::add_to(Losses& losses, std::span<const std::uint64_t> figures) const {
    const Kind& table = kinds_[static_cast<std::size_t>(NameKind::loss)];
    for (std::size_t number = 0; number < figures.size(); ++number) {
        if (figures[number] == 0)
            continue;
        if (table.values[number] == unknown)
            return not_known(NameKind::loss, number);
        loss_figure(losses, table.values[number]) += figures[number];
    }
    return {};
}

} // namespace copyscope
