// SPDX-License-Identifier: Apache-2.0
// The output formats: a result in, bytes out. One file per format and one line in formats.cpp.
// Must not know where the bytes go, nor measure or judge anything: what is not in the Report is not printed.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "model/audit.h"
#include "model/dma.h"
#include "model/row.h"

namespace copyscope {

struct TextOptions {
    bool brief = false;  // the first table only, 80 columns instead of 120
    bool colour = false; // ANSI colours; never changes the width
};

std::string render_text(const Report& report, const TextOptions& options = {});
std::string render_json(const Report& report); // the schema is documented in json.cpp
std::string render_csv(const Report& report);  // RFC 4180

std::string render_audit_text(const Audit& audit, const TextOptions& options = {});
std::string render_audit_json(const Audit& audit); // the schema is documented in audit_json.cpp

std::string render_dma_text(const DmaMachine& machine, const TextOptions& options = {});
std::string render_dma_json(const DmaMachine& machine);
std::string render_dma_bench_text(const DmaBench& bench, const TextOptions& options = {});
std::string render_dma_bench_json(const DmaBench& bench); // both schemas are documented in dma_json.cpp

struct Format {
    const char* name; // as given to --format
    std::string (*render)(const Report&, const TextOptions&);
};

std::span<const Format> formats();
const Format* find_format(std::string_view name); // nullptr: unknown

// "as promised", "better", "worse"; "" for unknown.
std::string_view verdict_name(Verdict verdict);

} // namespace copyscope
