// SPDX-License-Identifier: Apache-2.0
// See run.h.
#include "store/run.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "model/tally.h"

namespace copyscope {

namespace {

struct OriginWord {
    std::string_view name;
    Basis Origins::*basis;
};
constexpr OriginWord origin_words[] = {
    {"to_user", &Origins::to_user},     {"from_user", &Origins::from_user},
    {"kernel", &Origins::kernel},       {"transmit", &Origins::transmit},
    {"late", &Origins::late},           {"cow", &Origins::cow},
    {"bounce", &Origins::bounce},       {"pio", &Origins::pio},
    {"migration", &Origins::migration}, {"api_syncs", &Origins::api_syncs},
};
static_assert(std::size(origin_words) * sizeof(Basis) == sizeof(Origins), "an origin without a word");

constexpr Basis bases[] = {Basis::not_seen, Basis::derived, Basis::measured};

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

// "to_user measured", a line each.
std::string text_of(const Origins& origins) {
    std::string text;
    for (const OriginWord& word : origin_words)
        text += fmt::format("{} {}\n", word.name, basis_name(origins.*word.basis));
    return text;
}

// What the text does not say, or in words that this build does not know, is taken for the worst.
Origins origins_from(std::string_view text) {
    Origins origins;
    for (const OriginWord& word : origin_words)
        origins.*word.basis = Basis::not_seen;
    for (std::string_view line : lines_of(text))
        for (const OriginWord& word : origin_words)
            for (Basis basis : bases)
                if (line == fmt::format("{} {}", word.name, basis_name(basis)))
                    origins.*word.basis = basis;
    return origins;
}

} // namespace

Result<RunRow> put_run(Connection& connection, const Names& names, const Provenance& provenance) {
    RunRow row;
    Statement& boots =
        connection.sql("INSERT INTO boot(uuid) VALUES(?) ON CONFLICT DO UPDATE SET uuid = uuid RETURNING id");
    Status status =
        boots(std::string_view(provenance.boot_id)).each([&](const SqlRow& boot) { row.boot = boot.integer(0); });
    if (!status)
        return std::unexpected(status.error());
    const std::int64_t source = names.number(NameKind::source, static_cast<std::size_t>(provenance.source));
    const std::string origins = text_of(provenance.origins);
    const std::string not_seen = fmt::format("{}", fmt::join(provenance.not_seen, "\n"));
    Statement& runs = connection.sql("INSERT INTO run(boot, kernel, source, origins, not_seen) VALUES(?, ?, ?, ?, ?)");
    status = runs(row.boot, std::string_view(provenance.kernel), source, std::string_view(origins),
                  std::string_view(not_seen))
                 .run();
    if (!status)
        return std::unexpected(status.error());
    row.run = connection.last_row();
    return row;
}

Result<Provenance> get_run(Connection& connection, const Names& names, std::int64_t run) {
    Provenance result;
    Result<std::size_t> source = std::size_t{0};
    Statement& find = connection.sql("SELECT kernel, boot.uuid, source, origins, not_seen FROM run "
                                     "JOIN boot ON boot.id = run.boot WHERE run.id = ?");
    Status status = find(run).each([&](const SqlRow& row) {
        source = names.value(NameKind::source, row.integer(2));
        result.kernel = row.text(0);
        result.boot_id = row.text(1);
        result.source = static_cast<CopySource>(source.value_or(0));
        result.origins = origins_from(row.text(3));
        for (std::string_view line : lines_of(row.text(4)))
            result.not_seen.emplace_back(line);
    });
    if (!status || !source)
        return std::unexpected(!status ? status.error() : source.error());
    return result;
}

} // namespace copyscope
