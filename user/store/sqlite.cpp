// SPDX-License-Identifier: Apache-2.0
// See sqlite.h.
#include "store/sqlite.h"

#include <algorithm>
#include <filesystem>
#include <limits>

#include <fmt/format.h>

namespace copyscope {

namespace {

constexpr int writer_patience_ms = 5000; // for another writer; readers do not stand in its way
constexpr int reader_patience_ms = 1000; // only for the moment in which a log is recovered

// What is bound to be more than our files need. Pages may refer to each other so that a small file has rows without
// end.
constexpr int longest_value = 1 << 16; // bytes: a row, a text, a blob; the longest of ours are cgroups' paths
constexpr int longest_sql = 1 << 16, most_columns = 64, deepest_expression = 100, most_selects = 4;
constexpr int steps_at_once = 100'000;                                  // of SQLite's machine, about 1 ms
constexpr std::int64_t steps_of_any = 100'000'000, steps_per_byte = 16; // ours need 3 to a byte at most

Error damage(const std::string& path, std::string_view what) {
    return {fmt::format("{} is damaged ({}): move it away, with its -wal and -shm, and a new one will be begun", path,
                        what)};
}

// One line per kind of failure. `database` may be null (no memory).
Error sqlite_error(sqlite3* database, int code, const std::string& path) {
    // What made a COMMIT fail, SQLite 3.40 does not keep: then errno, which was 0 before the call.
    int number = database ? sqlite3_system_errno(database) : 0;
    if (number == 0)
        number = errno;
    const std::string reason = number ? std::strerror(number) : sqlite3_errstr(code);
    switch (code & 0xff) {
    case SQLITE_INTERRUPT:
        return {path + ": reading it takes longer than a file of its size can need: name another file"};
    case SQLITE_TOOBIG:
        return {path + " holds a text or figures longer than any that copyscope writes: name another file"};
    case SQLITE_FULL:
        return {path + ": No space left on device: make room, or keep less history"};
    case SQLITE_NOTADB:
        return {path + " is not a SQLite database: name another file"};
    case SQLITE_CORRUPT:
        return damage(path, database ? sqlite3_errmsg(database) : sqlite3_errstr(code));
    case SQLITE_BUSY:
        return {path + " is being written by another process: end it, or try again"};
    case SQLITE_READONLY:
        return {path + " cannot be written: check the modes of the file and of its directory"};
    case SQLITE_CANTOPEN:
        return {fmt::format("cannot open {}: {}", path, reason)};
    case SQLITE_IOERR:
        return {fmt::format("{}: {}", path, reason)};
    default:
        return {fmt::format("{}: {}", path, database ? sqlite3_errmsg(database) : sqlite3_errstr(code))};
    }
}

// Of a path in an URI: everything that has a meaning there is escaped.
std::string uri_of(const std::string& path, const char* parameters) {
    std::string uri = path.starts_with('/') ? "file://" : "file:";
    for (char c : path) {
        if (c == '%' || c == '?' || c == '#')
            uri += fmt::format("%{:02x}", static_cast<unsigned char>(c));
        else
            uri += c;
    }
    return uri + parameters;
}

} // namespace

std::string_view SqlRow::text(int column) const {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return {text ? text : "", static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

Bytes SqlRow::blob(int column) const {
    const auto* bytes = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_, column));
    return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

Statement::Statement(sqlite3* database, const char* text, const std::string& path) : database_(database), path_(path) {
    sqlite3_stmt* statement = nullptr;
    failure_ = sqlite3_prepare_v3(database, text, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    statement_.reset(statement);
}

void Statement::bind(int parameter, std::string_view value) {
    if (!prepared())
        return;
    sqlite3_bind_text64(statement_.get(), parameter, value.data() ? value.data() : "", value.size(), SQLITE_STATIC,
                        SQLITE_UTF8);
}

void Statement::bind(int parameter, Bytes value) {
    if (!prepared())
        return;
    // a null pointer would bind NULL
    sqlite3_bind_blob64(statement_.get(), parameter, value.empty() ? "" : static_cast<const void*>(value.data()),
                        value.size(), SQLITE_STATIC);
}

Result<bool> Statement::step() {
    errno = 0;
    const int code = failure_ != SQLITE_OK ? failure_ : sqlite3_step(statement_.get());
    if (code == SQLITE_ROW || code == SQLITE_DONE)
        return code == SQLITE_ROW;
    return std::unexpected(sqlite_error(database_, code, path_));
}

void Statement::reset() {
    if (!prepared())
        return;
    sqlite3_reset(statement_.get());
    sqlite3_clear_bindings(statement_.get());
}

Result<std::unique_ptr<Connection>> Connection::open(const std::string& path, Access access) {
    std::unique_ptr<Connection> connection(new Connection(path));
    const int flags = SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX |
                      (access == Access::read_write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
    sqlite3* database = nullptr;
    errno = 0;
    const int code = sqlite3_open_v2(uri_of(path, access == Access::frozen ? "?immutable=1" : "").c_str(), &database,
                                     flags, nullptr);
    connection->database_.reset(database);
    if (code != SQLITE_OK)
        return std::unexpected(sqlite_error(database, code, path));
    sqlite3_extended_result_codes(database, 1);
    // A file may come from anybody: nothing that its schema says is trusted, no cell beyond its page.
    sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
    sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
    for (const auto& [limit, most] : {std::pair(SQLITE_LIMIT_LENGTH, longest_value),
                                      {SQLITE_LIMIT_SQL_LENGTH, longest_sql},
                                      {SQLITE_LIMIT_COLUMN, most_columns},
                                      {SQLITE_LIMIT_EXPR_DEPTH, deepest_expression},
                                      {SQLITE_LIMIT_COMPOUND_SELECT, most_selects}})
        sqlite3_limit(database, limit, most);
    if (access != Access::read_write)
        connection->bound_steps();
    sqlite3_busy_timeout(database, access == Access::read_write ? writer_patience_ms : reader_patience_ms);
    TRY(connection->execute("PRAGMA cell_size_check = ON"));
    return connection;
}

// Of a transaction. The size as it is now: a file that grows while it is open is read in transactions of its own.
void Connection::bound_steps() {
    std::error_code none;
    std::int64_t bytes = 0;
    for (const char* suffix : {"", "-wal"})
        if (const auto size = std::filesystem::file_size(path_ + suffix, none); !none)
            bytes +=
                static_cast<std::int64_t>(std::min<std::uintmax_t>(size, std::numeric_limits<std::int32_t>::max()));
    steps_left_ = steps_of_any + bytes * steps_per_byte;
    const auto took = [](void* self) {
        return static_cast<int>((*static_cast<std::int64_t*>(self) -= steps_at_once) < 0);
    };
    sqlite3_progress_handler(database_.get(), steps_at_once, took, &steps_left_);
}

Statement& Connection::sql(const char* text) {
    std::unique_ptr<Statement>& statement = statements_[text];
    if (!statement || !statement->prepared()) // what failed (no space, no memory) may not fail again
        statement = std::make_unique<Statement>(database_.get(), text, path_);
    return *statement;
}

Status Connection::execute(const std::string& statements) {
    errno = 0;
    const int code = sqlite3_exec(database_.get(), statements.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK)
        return std::unexpected(sqlite_error(database_.get(), code, path_));
    return {};
}

Result<std::int64_t> Connection::number(const char* text) {
    std::int64_t result = 0;
    Status status = sql(text).each([&](const SqlRow& row) { result = row.integer(0); });
    if (!status)
        return std::unexpected(status.error());
    return result;
}

Status Connection::checkpoint() {
    sqlite3_busy_timeout(database_.get(), 0);
    errno = 0;
    const int code = sqlite3_wal_checkpoint_v2(database_.get(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    sqlite3_busy_timeout(database_.get(), writer_patience_ms);
    if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY)
        return std::unexpected(sqlite_error(database_.get(), code, path_));
    return {};
}

Error Connection::damaged(const std::string& what) const {
    return damage(path_, what);
}

} // namespace copyscope
