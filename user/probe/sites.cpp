// SPDX-License-Identifier: Apache-2.0
#include "probe/sites.h"

#include <fcntl.h>
#include <map>
#include <sstream>

namespace copyscope {
namespace {

constexpr const char* table_path = "/sys/kernel/debug/copyscope/sites";

std::vector<std::string> words_of(const std::string& line) {
    std::istringstream stream(line);
    std::vector<std::string> words;
    for (std::string word; stream >> word;)
        words.push_back(word);
    return words;
}

std::unexpected<Error> cannot(const char* why) {
    return fail(std::string("cannot read the module's copy sites in ") + table_path + ": " + why);
}

} // namespace

Result<SiteTable> SiteTable::open(const std::string& root) {
    Fd fd(::open((root + table_path).c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd)
        return cannot("run as root, mount -t debugfs debugfs /sys/kernel/debug, boot without lockdown");
    return SiteTable(std::move(fd));
}

// The first line names the columns; those that we do not know are not looked at.
Result<std::vector<SiteState>> SiteTable::read() const {
    std::string text;
    char part[4096];
    ssize_t got = 0;
    while ((got = pread(fd_.get(), part, sizeof(part), static_cast<off_t>(text.size()))) > 0)
        text.append(part, static_cast<std::size_t>(got));
    if (got < 0)
        return cannot(std::strerror(errno));
    std::istringstream file(text);
    std::string line;
    std::getline(file, line);
    std::map<std::string, std::size_t> column;
    for (const auto& name : words_of(line))
        column.emplace(name, column.size());
    for (const char* name : {"site", "state", "missed"})
        if (!column.contains(name))
            return cannot("it has another form, rmmod copyscope and insmod the one built with this program");
    std::vector<SiteState> sites;
    while (std::getline(file, line)) {
        const auto words = words_of(line);
        if (words.size() != column.size())
            return cannot("it has another form, rmmod copyscope and insmod the one built with this program");
        sites.push_back({.name = words[column["site"]],
                         .state = words[column["state"]],
                         .missed = std::strtoull(words[column["missed"]].c_str(), nullptr, 10)});
    }
    return sites;
}

Result<std::vector<SiteState>> read_sites(const std::string& root) {
    const auto table = TRY(SiteTable::open(root));
    return table.read();
}

std::uint64_t missed_hits(const std::vector<SiteState>& sites) {
    std::uint64_t sum = 0;
    for (const auto& site : sites)
        sum += site.missed;
    return sum;
}

} // namespace copyscope
