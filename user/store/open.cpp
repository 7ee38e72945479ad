// SPDX-License-Identifier: Apache-2.0
// See open.h.
//
// A file that may have to be refused is looked at frozen (immutable): SQLite then takes no lock, makes no -wal and no
// -shm, and writes nothing. Never by open() and read(): closing a descriptor of a database drops the locks that this
// process holds on it through SQLite (https://www.sqlite.org/howtocorrupt.html, section 2.2).
#include "store/open.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <fmt/format.h>

#include "base/fd.h"
#include "store/schema_check.h"

namespace copyscope {

namespace {

// The whole of a file up to this size is checked, about 0.2 s; of a larger one only its length and the tables that
// everything else hangs on. What is damaged beyond is found when it is read, and said then.
constexpr std::int64_t checked_bytes = 64 << 20;
constexpr mode_t history_mode = 0640; // SQLite gives -wal and -shm the mode of the file

bool file_size(const std::string& path, std::uint64_t& size) {
    struct stat about {};
    if (stat(path.c_str(), &about) != 0)
        return false;
    size = static_cast<std::uint64_t>(about.st_size);
    return true;
}

// SQLite itself takes a last page of which the end is missing for one that ends with zeros.
Status check_length(Connection& connection) {
    Result<std::int64_t> pages = connection.number("PRAGMA page_count");
    Result<std::int64_t> page = connection.number("PRAGMA page_size");
    if (!pages || !page)
        return std::unexpected(!pages ? pages.error() : page.error());
    std::uint64_t size = 0;
    if (!file_size(connection.path(), size))
        return fail_errno("cannot open " + connection.path());
    if (size < static_cast<std::uint64_t>(*pages * *page))
        return std::unexpected(connection.damaged("its end is missing"));
    return {};
}

Status check_damage(Connection& connection) {
    Result<std::int64_t> pages = connection.number("PRAGMA page_count");
    Result<std::int64_t> page = connection.number("PRAGMA page_size");
    if (!pages || !page)
        return std::unexpected(!pages ? pages.error() : page.error());

    std::string finding;
    const char* check =
        *pages * *page <= checked_bytes
            ? "PRAGMA quick_check(1)"
            : "SELECT * FROM pragma_quick_check('name') UNION ALL SELECT * FROM pragma_quick_check('run')";
    Status status = connection.sql(check).each([&](const SqlRow& row) {
        if (finding.empty() && row.text(0) != "ok")
            finding = row.text(0);
    });
    if (status && !finding.empty())
        return std::unexpected(connection.damaged(finding.substr(0, finding.find('\n'))));
    return status;
}

Status check_version(Connection& connection, StoreMode mode, std::span<const Migration> steps) {
    const std::string& path = connection.path();
    std::int64_t id = TRY(connection.number("PRAGMA application_id"));
    if (id != application_id)
        return fail(fmt::format("{} is a SQLite database of another program (application_id 0x{:08x}, not 0x{:08x}): "
                                "name another file",
                                path, static_cast<std::uint32_t>(id), application_id));
    Result<std::int64_t> version = connection.number("PRAGMA user_version");
    if (!version)
        return std::unexpected(version.error());
    const int known = version_of(steps);
    if (*version > known)
        return fail(fmt::format("{} has schema version {}, this copyscope knows versions up to {}: use the newer "
                                "copyscope that wrote it, or name another file",
                                path, *version, known));
    if (*version < known && mode == StoreMode::read_only)
        return fail(fmt::format("{} has schema version {}, this copyscope reads version {}: it is brought up to date "
                                "when copyscoped opens it",
                                path, *version, known));
    if (*version < steps.front().from + 1)
        return std::unexpected(connection.damaged(fmt::format("schema version {}", *version)));
    return check_schema(connection, steps, static_cast<int>(*version));
}

// As the file is without its log. A log can hold a newer version, but only until the transaction that migrated is
// checkpointed, which happens at once (`prepare`); for that moment the same checks are repeated with the log.
Status check_frozen(const std::string& path, StoreMode mode, std::span<const Migration> steps, bool logged) {
    std::unique_ptr<Connection> connection = TRY(Connection::open(path, Access::frozen));
    Status status = check_version(*connection, mode, steps);
    if (status && !logged) // else some of it is in the log only
        status = check_length(*connection);
    if (status && !logged)
        status = check_damage(*connection);
    return status;
}

// In a new file, and again in an old one: what is not kept in the file itself.
Status prepare(Connection& connection) {
    // FULL: one fsync of the log per transaction, that is per interval. NORMAL survives kill -9 as well, but loses what
    // came after the last checkpoint when the machine goes down, which can be many minutes.
    return connection.execute("PRAGMA synchronous = FULL;"
                              "PRAGMA wal_autocheckpoint = 1000;"    // pages
                              "PRAGMA journal_size_limit = 8388608;" // a log that grew is cut after a checkpoint
                              "PRAGMA cache_size = -8192;"           // KiB
                              "PRAGMA temp_store = MEMORY");
}

Status create_schema(const std::string& path, std::span<const Migration> steps) {
    std::unique_ptr<Connection> connection = TRY(Connection::open(path, Access::read_write));
    Status status = connection->execute("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA synchronous = FULL;");
    if (status)
        status = connection->execute(fmt::format("PRAGMA application_id = {}", application_id));
    if (status)
        status = migrate(*connection, steps);
    if (status)
        status = connection->execute("PRAGMA journal_mode = WAL");
    return status;
}

Status sync_folder(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || fsync(fd.get()) != 0)
        return fail_errno("cannot sync " + folder);
    return {};
}

// Made aside and renamed when it is whole: nobody ever sees a part of it, whatever is killed when.
Status create(const std::string& path, std::span<const Migration> steps) {
    std::uint64_t log = 0;
    if (file_size(path + "-wal", log) && log > 0)
        return fail(fmt::format(
            "{0}-wal is there without {0}: it belongs to a history that was moved away; move it too", path));
    ::unlink((path + "-wal").c_str());
    ::unlink((path + "-shm").c_str());

    const std::string aside = path + "-new";
    for (const char* suffix : {"", "-journal", "-wal", "-shm"}) // of a creation that was killed
        ::unlink((aside + suffix).c_str());
    {
        Fd fd(::open(aside.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, history_mode));
        if (!fd)
            return fail_errno("cannot create " + path);
        if (fchmod(fd.get(), history_mode) != 0) // whatever the umask
            return fail_errno("cannot create " + path);
    }
    Status status = create_schema(aside, steps);
    if (status && ::rename(aside.c_str(), path.c_str()) != 0)
        status = fail_errno("cannot create " + path);
    if (status)
        return sync_folder(path);
    for (const char* suffix : {"", "-journal", "-wal", "-shm"})
        ::unlink((aside + suffix).c_str());
    return std::unexpected(status.error().within("cannot create " + path));
}

Status check_kind(const std::string& path, StoreMode mode, std::span<const Migration> steps) {
    struct stat about {};
    if (stat(path.c_str(), &about) != 0) {
        if (errno != ENOENT)
            return fail_errno("cannot open " + path);
        if (mode == StoreMode::read_only)
            return fail("no file " + path + ": name a recording, or start copyscoped");
        return create(path, steps);
    }
    if (S_ISDIR(about.st_mode))
        return fail(path + " is a directory: name a file");
    if (!S_ISREG(about.st_mode))
        return fail(path + " is not a regular file: name another");
    if (about.st_size == 0) {
        if (mode == StoreMode::read_only)
            return fail(path + " is empty: name another file");
        return create(path, steps); // nothing is lost, and the name is taken over whole
    }
    if (access(path.c_str(), mode == StoreMode::create ? R_OK | W_OK : R_OK) != 0)
        return fail_errno("cannot open " + path);
    return {};
}

Result<OpenedHistory> open_to_write(const std::string& path, std::span<const Migration> steps, bool logged) {
    if (logged) { // a writer was killed: what its log says, before anything is written
        std::unique_ptr<Connection> look = TRY(Connection::open(path, Access::read_only));
        Status status = check_version(*look, StoreMode::create, steps);
        if (status)
            status = check_damage(*look);
        if (!status)
            return std::unexpected(status.error());
    }
    std::unique_ptr<Connection> connection = TRY(Connection::open(path, Access::read_write));
    Status status =
        check_version(*connection, StoreMode::create, steps); // it is the same file no longer, if it differs
    if (status)
        status = prepare(*connection);
    Result<std::int64_t> version = 0;
    if (status)
        version = connection->number("PRAGMA user_version");
    if (!version)
        status = std::unexpected(version.error());
    if (status && *version < version_of(steps)) {
        status = migrate(*connection, steps);
        if (status)
            status = connection->checkpoint();
    }
    if (!status)
        return std::unexpected(status.error());
    return OpenedHistory{.connection = std::move(connection), .frozen = false};
}

Result<OpenedHistory> open_to_read(const std::string& path, std::span<const Migration> steps, bool logged) {
    Result<std::unique_ptr<Connection>> connection =
        Connection::open(path, logged ? Access::read_only : Access::frozen);
    if (!connection)
        return std::unexpected(connection.error());
    Status status = check_version(**connection, StoreMode::read_only, steps);
    if (!status && logged)
        return std::unexpected(status.error().within("with its log " + path + "-wal"));
    if (!status)
        return std::unexpected(status.error());
    return OpenedHistory{.connection = std::move(*connection), .frozen = !logged};
}

} // namespace

bool has_log(const std::string& path) {
    return access((path + "-wal").c_str(), F_OK) == 0;
}

std::uint64_t bytes_of(const std::string& path) {
    std::uint64_t file = 0, log = 0;
    file_size(path, file);
    file_size(path + "-wal", log);
    return file + log;
}

Result<OpenedHistory> open_history(const std::string& path, StoreMode mode, std::span<const Migration> steps) {
    TRY(check_kind(path, mode, steps));
    const bool logged = has_log(path);
    TRY(check_frozen(path, mode, steps, logged));
    return mode == StoreMode::create ? open_to_write(path, steps, logged) : open_to_read(path, steps, logged);
}

} // namespace copyscope
