// SPDX-License-Identifier: Apache-2.0
// Audit -> JSON. Scripts depend on this: names and meanings stay, fields may be added.
//
//   schema   "copyscope.audit/1"
//   kernel   uname -r
//   subject  what was run, in words
//   source   what measured: "module", "breakpoints"
//   agrees   true: no class differs by more than a page in any row
//   rows[]   strategy, variant, comm (null: none), class (a class of cpu_copy_bytes; of its `kernel` the parts transmit
//            and late stand alone), payload_bytes, derived_bytes, measured_bytes, source (as above), agrees. Only
//            classes that the source measures.
//   losses   events by kind, and their `total`
//   notes    lines for a person
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "report/losses_json.h"
#include "report/report.h"

namespace copyscope {

std::string render_audit_json(const Audit& audit) {
    using Json = nlohmann::ordered_json;
    Json rows = Json::array();
    for (const AuditRow& row : audit.rows)
        rows.push_back({{"strategy", row.strategy},
                        {"variant", row.variant},
                        {"comm", row.comm.empty() ? Json(nullptr) : Json(row.comm)},
                        {"class", row.copy_class},
                        {"payload_bytes", row.payload_bytes},
                        {"derived_bytes", row.derived_bytes},
                        {"measured_bytes", row.measured_bytes},
                        {"source", copy_source_name(audit.source)},
                        {"agrees", row.agrees()}});
    const Json result = {{"schema", "copyscope.audit/1"},
                         {"kernel", audit.kernel},
                         {"subject", audit.subject},
                         {"source", copy_source_name(audit.source)},
                         {"agrees", audit.agrees()},
                         {"rows", std::move(rows)},
                         {"losses", losses_json(audit.losses)},
                         {"notes", audit.notes}};
    return json_text(result, 2) + "\n";
}

} // namespace copyscope
