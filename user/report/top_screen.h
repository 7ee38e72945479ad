// SPDX-License-Identifier: Apache-2.0
// A breakdown by process, as `copyscope top` shows it. Pure. Must not know terminals, nor where the figures come from.
#pragma once

#include "report/screen.h"
#include "report/top_view.h"

namespace copyscope {

// What the head says besides the figures.
struct TopHead {
    std::string source{};  // who counted: "by the daemon", "alone", "from FILE"
    std::string trouble{}; // why there are no newer figures; empty: there are
    bool waiting = false;  // the first figures are still to come
};

// Exactly view.height lines of exactly view.width columns. The view must be settled.
Screen top_screen(const Breakdown& breakdown, const TopView& view, const TopHead& head);

// The same with every row there is, and without the line of keys: to be printed. `view.height` does not matter.
Screen top_listing(const Breakdown& breakdown, const TopView& view, const TopHead& head);

} // namespace copyscope
