// SPDX-License-Identifier: Apache-2.0
// One of those that an interval goes to. Belongs to the loop's thread. Knows none of the others.
#pragma once

#include <memory>

#include "daemon/attacher.h"
#include "daemon/config.h"
#include "model/interval.h"
#include "store/store.h"

namespace copyscope {

// A run of the collector begins.
struct Beginning {
    const Provenance& provenance;
    const std::string& copies_note; // ChosenSource::note
};

// It goes on.
struct Run {
    const Config& config; // as it is now: it may have been read again
    const Collector& collector;
    bool idle = false; // nobody but this process has moved anything
};

class Sink {
public:
    virtual ~Sink() = default;

    virtual void begin(const Run&, const Beginning&) {}

    // As it was counted, with what was derived and what was measured, before anybody has it as it is reported.
    virtual void counted(const Interval&, const Run&) {}

    // As it is reported: for each class what was measured, where it was.
    virtual void reported(const std::shared_ptr<const Interval>&, const Run&) {}
};

} // namespace copyscope
