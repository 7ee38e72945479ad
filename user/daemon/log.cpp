// SPDX-License-Identifier: Apache-2.0
// See log.h.
#include "daemon/log.h"

#include <cstdlib>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <vector>

#define SD_JOURNAL_SUPPRESS_LOCATION // where we are in the source helps nobody who reads a journal
#include <systemd/sd-journal.h>

#include "base/escape.h"
#include "base/program.h"

namespace copyscope {

namespace {

// "device:inode" of the stream that systemd has given us (systemd.exec(5), $JOURNAL_STREAM).
bool stderr_is_journal() {
    const char* stream = std::getenv("JOURNAL_STREAM");
    struct stat status {};
    return stream && fstat(STDERR_FILENO, &status) == 0 &&
           fmt::format("{}:{}", static_cast<unsigned long>(status.st_dev), static_cast<unsigned long>(status.st_ino)) ==
               stream;
}

} // namespace

void say(Severity severity, const std::string& message,
         std::initializer_list<std::pair<const char*, std::string>> fields) {
    static const bool journal = stderr_is_journal();
    if (!journal) {
        tell_if_ready("copyscoped: " + message);
        return;
    }
    std::vector<std::string> words = {"MESSAGE=" + escaped_lines(message),
                                      fmt::format("PRIORITY={}", static_cast<int>(severity))};
    for (const auto& [name, value] : fields)
        words.push_back(std::string(name) + "=" + value);
    std::vector<iovec> parts;
    for (auto& word : words)
        parts.push_back({word.data(), word.size()});
    if (sd_journal_sendv(parts.data(), static_cast<int>(parts.size())) < 0)
        tell_if_ready(message);
}

} // namespace copyscope
