// SPDX-License-Identifier: Apache-2.0
// SQLite as this program wants it: owners, Status instead of codes, errors that name the file and the remedy.
// Knows nothing of histories. A Connection belongs to one thread, and its statements to it.
#pragma once

#include <cassert>
#include <concepts>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>

#include <sqlite3.h>

#include "base/result.h"

namespace copyscope {

using Bytes = std::span<const std::uint8_t>;

// The current row of a statement. Views are good until the next row.
class SqlRow {
public:
    explicit SqlRow(sqlite3_stmt* statement) : statement_(statement) {}
    std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
    bool null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
    std::string_view text(int column) const;
    Bytes blob(int column) const;

private:
    sqlite3_stmt* statement_;
};

// A prepared statement. One that could not be prepared fails when it is run.
class Statement {
public:
    Statement(sqlite3* database, const char* text, const std::string& path);

    // Binds all parameters, in order. What is bound must live until the statement has run.
    template<typename... Values>
    Statement& operator()(const Values&... values) {
        int parameter = 0;
        (bind(++parameter, values), ...);
        assert(!prepared() || parameter == sqlite3_bind_parameter_count(statement_.get()));
        return *this;
    }

    bool prepared() const { return statement_ != nullptr; }

    Status run() {
        return each([](const SqlRow&) {});
    }

    // `visit(const SqlRow&)` gives nothing, or a Status that may end it. The statement is free again afterwards.
    template<typename Visit>
    Status each(Visit&& visit) {
        Status status{};
        while (status) {
            Result<bool> more = step();
            if (!more)
                status = std::unexpected(more.error());
            else if (!*more)
                break;
            else if constexpr (std::is_void_v<std::invoke_result_t<Visit, const SqlRow&>>)
                visit(SqlRow(statement_.get()));
            else
                status = visit(SqlRow(statement_.get()));
        }
        reset();
        return status;
    }

private:
    template<std::integral Value>
    void bind(int parameter, Value value) {
        if (prepared()) // SQLite does not take null for a statement
            sqlite3_bind_int64(statement_.get(), parameter, static_cast<std::int64_t>(value));
    }
    void bind(int parameter, std::string_view value);
    void bind(int parameter, Bytes value);
    Result<bool> step();
    void reset();

    struct Finalize {
        void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
    };
    sqlite3* database_;
    const std::string& path_;
    std::unique_ptr<sqlite3_stmt, Finalize> statement_{};
    int failure_ = SQLITE_OK; // of preparing
};

enum class Access {
    frozen,     // reads the file alone, without locks and without looking for a -wal: nobody may be writing it
    read_only,  // beside a writer
    read_write, // the file must exist
};

class Connection {
public:
    static Result<std::unique_ptr<Connection>> open(const std::string& path, Access access);
    Connection(const Connection&) = delete; // statements point to it
    Connection& operator=(const Connection&) = delete;

    // The statement of that text, prepared once: `text` is a literal, and not run while it is running.
    Statement& sql(const char* text);
    Status execute(const std::string& statements); // of which no row is wanted
    Result<std::int64_t> number(const char* text); // of the first row; 0 without one

    // All of `body` or nothing of it. Read transactions see one state of the file throughout.
    template<typename Body>
    Status write(Body&& body) {
        return within("BEGIN IMMEDIATE", std::forward<Body>(body));
    }
    template<typename Body>
    Status read(Body&& body) {
        if (steps_left_ != 0)
            bound_steps();
        return within("BEGIN", std::forward<Body>(body));
    }

    // Moves the log into the file and cuts it. As much of it as readers leave free: nobody is waited for.
    Status checkpoint();

    const std::string& path() const { return path_; }
    std::int64_t last_row() const { return sqlite3_last_insert_rowid(database_.get()); }
    std::int64_t changes() const { return sqlite3_changes64(database_.get()); }
    Error damaged(const std::string& what) const; // for what is wrong in rows that SQLite finds nothing wrong with

private:
    explicit Connection(const std::string& path) : path_(path) {}
    template<typename Body>
    Status within(const char* begin, Body&& body) {
        Status status = sql(begin).run();
        if (!status)
            return status;
        status = body();
        if (status)
            status = sql("COMMIT").run();
        if (!status && sqlite3_get_autocommit(database_.get()) == 0)
            (void)sql("ROLLBACK").run(); // SQLite has done so itself after some errors
        return status;
    }

    struct Close {
        void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
    };
    void bound_steps();

    std::string path_;
    std::int64_t steps_left_ = 0; // of a reader, in this transaction; 0: of a writer, who writes what is his
    std::unique_ptr<sqlite3, Close> database_{};
    std::unordered_map<const char*, std::unique_ptr<Statement>> statements_{}; // go before database_
};

} // namespace copyscope
