// SPDX-License-Identifier: Apache-2.0
// See textfile.h.
#include "daemon/textfile.h"

#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>

#include <fmt/format.h>

#include "base/fd.h"
#include "base/write.h"

namespace copyscope {

namespace {

// The file is not synced: after a power failure it is written anew within an interval.
Status write_new(const std::string& path, std::string_view text) {
    ::unlink(path.c_str()); // left by a daemon that was killed
    const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (!file)
        return fail_errno("open");
    if (::fchmod(file.get(), 0644) != 0) // whatever the umask: node_exporter is another user
        return fail_errno("fchmod");
    return write_all(file.get(), text) ? Status{} : fail_errno("write");
}

} // namespace

Status check_textfile(const std::string& path) {
    const std::filesystem::path file(path);
    if (!file.is_absolute() || file.extension() != ".prom")
        return fail(fmt::format("the textfile `{}` must be an absolute path that ends in .prom, or node_exporter does "
                                "not read it",
                                path));
    std::error_code error;
    if (!std::filesystem::is_directory(file.parent_path(), error))
        return fail(fmt::format("the textfile's folder {} does not exist: make it, and start node_exporter with "
                                "--collector.textfile.directory={}",
                                file.parent_path().string(), file.parent_path().string()));
    return {};
}

Status write_textfile(const std::string& path, std::string_view text) {
    const std::string beside = path + ".tmp";
    Status written = write_new(beside, text);
    if (written && ::rename(beside.c_str(), path.c_str()) != 0)
        written = fail_errno("rename");
    if (written)
        return {};
    ::unlink(beside.c_str());
    return std::unexpected(written.error().within(fmt::format("cannot write the metrics to {}", path)));
}

} // namespace copyscope
