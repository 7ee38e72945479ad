// SPDX-License-Identifier: Apache-2.0
// The words that the output formats share.
#include "report/report.h"

namespace copyscope {

std::string_view verdict_name(Verdict verdict) {
    switch (verdict) {
    case Verdict::as_promised:
        return "as promised";
    case Verdict::better:
        return "better";
    case Verdict::worse:
        return "worse";
    case Verdict::unknown:
        break;
    }
    return "";
}

} // namespace copyscope
