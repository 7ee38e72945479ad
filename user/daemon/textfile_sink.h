// SPDX-License-Identifier: Apache-2.0
// The metrics, into a file, after each interval.
#pragma once

#include "daemon/changes.h"
#include "daemon/metrics_sink.h"
#include "daemon/sink.h"
#include "daemon/textfile.h"

namespace copyscope {

class TextfileSink final : public Sink {
public:
    explicit TextfileSink(MetricsSink& metrics) : metrics_(metrics) {}

    void reported(const std::shared_ptr<const Interval>&, const Run& run) override {
        if (!run.config.textfile.empty())
            changes_.tell(write_textfile(run.config.textfile, metrics_.text(false)));
    }

private:
    MetricsSink& metrics_;
    Changes changes_{"textfile", "the textfile is written again"};
};

} // namespace copyscope
