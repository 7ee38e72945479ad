// SPDX-License-Identifier: Apache-2.0
// Which group of a breakdown an account belongs to, and what the group is called.
// Knows dimensions and identities. Must not know what is summed.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "model/breakdown.h"

namespace copyscope {

struct ProcessHash {
    std::size_t operator()(const copyscope_process& id) const {
        return std::hash<std::uint64_t>()(id.start_ns * 0x9e3779b97f4a7c15 ^ id.tgid);
    }
};
struct SameProcess {
    bool operator()(const copyscope_process& a, const copyscope_process& b) const { return same_process(a, b); }
};
template<typename Value>
using ProcessMap = std::unordered_map<copyscope_process, Value, ProcessHash, SameProcess>;

struct Label {
    std::string name, detail{};
    std::uint32_t pid = 0;
    std::string user{};
};

// Numbers groups from 0 in the order in which they come up. `sample` must outlive it.
class Labels {
public:
    Labels(const Sample& sample, Dimension by, UserNames user_name);

    std::uint32_t of(const Account& account, std::string_view strategy);
    const Label& operator[](std::uint32_t group) const { return labels_[group]; }

private:
    const ProcessInfo* find(const copyscope_process& id) const;
    const std::string& user(std::uint32_t uid);
    std::uint32_t named(const std::string& name, const std::string& detail = "");
    template<typename Map, typename Key, typename Make>
    std::uint32_t number_of(Map& map, const Key& key, Make make);

    Dimension by_;
    UserNames user_name_;
    std::unordered_map<std::uint32_t, std::string> user_names_{}; // asking for one reads a file, or asks a server
    std::vector<Label> labels_;
    ProcessMap<const ProcessInfo*> known_;
    ProcessMap<std::uint32_t> processes_;
    std::unordered_map<std::string, std::uint32_t> names_;
    std::unordered_map<std::int64_t, std::uint32_t> users_;
    std::map<std::tuple<std::uint64_t, std::uint64_t>, std::uint32_t> ends_;
};

} // namespace copyscope
