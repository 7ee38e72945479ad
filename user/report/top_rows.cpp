// SPDX-License-Identifier: Apache-2.0
// Breakdown and view -> rows of the table: who is shown, in which order, with what beneath. See top_view.h.
#include <algorithm>
#include <functional>
#include <string_view>

#include "report/layout.h"
#include "report/top_view.h"

namespace copyscope {

namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool has(std::string_view text, std::string_view part) {
    return !std::ranges::search(text, part, [](char a, char b) { return lower(a) == lower(b); }).empty();
}

// What was typed is compared with what is seen: a name with a control character is found by its "?".
bool matches(const Group& process, const std::string& filter) {
    return has(printable(process.detail), filter) || has(printable(process.name), filter) ||
           has(std::to_string(process.pid), filter) ||
           std::ranges::any_of(process.beneath, [&](const Group& strategy) { return has(strategy.name, filter); });
}

std::string_view text_of(const Group& group, TopColumn column) {
    if (column == TopColumn::user)
        return group.user;
    return group.detail.empty() ? group.name : group.detail;
}

// Largest first, texts and pids in their natural order; `inverted` turns that round. What is equal is in the order of
// bytes copied, payload and pid, so that idle processes do not jump about.
class Order {
public:
    Order(TopColumn column, bool inverted, double seconds) : column_(column), inverted_(inverted), seconds_(seconds) {}

    bool operator()(const Group* a, const Group* b) const {
        if (inverted_ ? before(*b, *a) : before(*a, *b))
            return true;
        if (inverted_ ? before(*a, *b) : before(*b, *a))
            return false;
        const auto rank = [](const Group& group) {
            return std::pair{group.sums.cpu_copy_bytes.total(), group.sums.payload_bytes};
        };
        if (rank(*a) != rank(*b))
            return rank(*a) > rank(*b);
        return a->pid != b->pid ? a->pid < b->pid : a->name < b->name;
    }

private:
    bool before(const Group& a, const Group& b) const {
        switch (column_) {
        case TopColumn::pid:
            return a.pid < b.pid;
        case TopColumn::user:
        case TopColumn::command:
            return text_of(a, column_) < text_of(b, column_);
        default:
            return top_figure(a.sums, column_, seconds_) > top_figure(b.sums, column_, seconds_);
        }
    }

    TopColumn column_;
    bool inverted_;
    double seconds_;
};

} // namespace

double seconds_of(const Breakdown& breakdown) {
    // Times that others wrote may be further apart than a WallTime tells.
    return std::max(0.0, static_cast<double>(breakdown.until) - static_cast<double>(breakdown.since)) / 1000;
}

std::vector<TopRow> top_rows(const Breakdown& breakdown, const TopView& view) {
    // Without a length of time every rate is 0; amounts still have an order.
    const double seconds = seconds_of(breakdown) > 0 ? seconds_of(breakdown) : 1;
    const Order order(view.sort, view.inverted, seconds);
    std::vector<const Group*> processes, beneath;
    for (const Group& process : breakdown.groups)
        if ((view.user.empty() || process.user == view.user) && (view.filter.empty() || matches(process, view.filter)))
            processes.push_back(&process);
    std::ranges::sort(processes, order);

    std::vector<TopRow> rows;
    for (const Group* process : processes) {
        rows.push_back({process, nullptr});
        if (!view.expanded(process->pid))
            continue;
        beneath.clear();
        for (const Group& strategy : process->beneath)
            beneath.push_back(&strategy);
        std::ranges::sort(beneath, order);
        for (const Group* strategy : beneath)
            rows.push_back({process, strategy});
    }
    return rows;
}

} // namespace copyscope
