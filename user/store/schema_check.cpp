// SPDX-License-Identifier: Apache-2.0
// See schema_check.h.
#include "store/schema_check.h"

#include <cctype>
#include <map>

#include <fmt/format.h>

namespace copyscope {

namespace {

struct Item {
    std::string table{}, sql{};
    bool operator==(const Item&) const = default;
};
using Schema = std::map<std::pair<std::string, std::string>, Item>; // by type and name

// Without comments, and one space where there are some. Comments go first, so that nothing becomes one by this; ours
// hold no quotes that could hide another.
std::string plain(std::string_view sql) {
    std::string text;
    for (std::size_t i = 0; i < sql.size(); ++i) {
        if (sql.substr(i, 2) == "--")
            i = std::min(sql.find('\n', i), sql.size());
        const char c = i < sql.size() ? sql[i] : ' ';
        if (std::isspace(static_cast<unsigned char>(c)) == 0)
            text += c;
        else if (!text.empty() && text.back() != ' ')
            text += ' ';
    }
    return text;
}

template<typename Visit>
Status each_item(Connection& connection, Visit visit) {
    return connection.sql("SELECT type, name, tbl_name, sql FROM sqlite_schema").each([&](const SqlRow& row) {
        return visit(std::pair(std::string(row.text(0)), std::string(row.text(1))),
                     Item{.table = std::string(row.text(2)), .sql = plain(row.text(3))});
    });
}

Result<Schema> schema_of(std::span<const Migration> steps, int version) {
    while (!steps.empty() && steps.back().from >= version)
        steps = steps.first(steps.size() - 1);
    std::unique_ptr<Connection> connection = TRY(Connection::open(":memory:", Access::read_write));
    Schema schema;
    Status status = migrate(*connection, steps);
    if (status)
        status =
            each_item(*connection, [&](auto name, Item item) { schema.emplace(std::move(name), std::move(item)); });
    if (!status)
        return std::unexpected(status.error());
    return schema;
}

std::unexpected<Error> another(const Connection& connection, const char* what, const auto& name) {
    return fail(fmt::format("{} is not as copyscope makes a history: it has {} {} '{}': name another file",
                            connection.path(), what, name.first, name.second));
}

} // namespace

Status check_schema(Connection& connection, std::span<const Migration> steps, int version) {
    Result<Schema> ours = schema_of(steps, version);
    if (!ours)
        return std::unexpected(ours.error());
    Status status = each_item(connection, [&](const auto& name, const Item& item) -> Status {
        const auto found = ours->find(name);
        if (found == ours->end() || found->second != item)
            return another(connection, "the", name);
        ours->erase(found); // a second one of that name is one too many
        return {};
    });
    if (status && !ours->empty())
        return another(connection, "no", ours->begin()->first);
    return status;
}

} // namespace copyscope
