// SPDX-License-Identifier: Apache-2.0
// See module_watch.h.
#include "daemon/module_watch.h"

#include "daemon/log.h"
#include "probe/facts.h"

namespace copyscope {

void ModuleWatch::note(const std::string& words) {
    board_.change([&](DaemonState& state) { state.copies_note = words; });
}

void ModuleWatch::begin(const Run&, const Beginning& beginning) {
    at_the_beginning_ = beginning.copies_note;
    note(at_the_beginning_);
}

void ModuleWatch::reported(const std::shared_ptr<const Interval>&, const Run& run) {
    const bool came = run.config.copies == CopyChoice::automatic &&
                      run.collector.session().source() == CopySource::derived && module_is_loaded();
    if (came == came_)
        return;
    came_ = came;
    const std::string words =
        came ? "copies are derived although the module copyscope is loaded now: restart copyscoped to measure them"
             : at_the_beginning_;
    say(Severity::notice, words, {{"COPYSCOPE_EVENT", "module"}});
    note(words);
}

} // namespace copyscope
