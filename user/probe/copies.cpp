// SPDX-License-Identifier: Apache-2.0
#include "probe/copies.h"

#include <fmt/format.h>

#include "copyscope_abi.h"

namespace copyscope {
namespace {

// Of a kernel that is locked down we cannot tell whether insmod was tried: say what it would have answered.
std::string not_loaded(const Facts& facts) {
    if (facts.lockdown == "integrity" || facts.lockdown == "confidentiality")
        return fmt::format("the module copyscope is not loaded, and this kernel is locked down ({}): it takes only "
                           "modules signed with a key it trusts, sign copyscope.ko or boot without lockdown",
                           facts.lockdown);
    return "the module copyscope is not loaded: insmod copyscope.ko (built of the folder kmod of copyscope's source)";
}

} // namespace

std::string module_problem(const Facts& facts) {
    if (!facts.module_loaded)
        return not_loaded(facts);
    if (facts.module_abi != COPYSCOPE_MODULE_ABI)
        return fmt::format("the loaded module copyscope speaks version {} of its tracepoints, this program version {}: "
                           "rmmod copyscope and insmod the one built with this program",
                           facts.module_abi, COPYSCOPE_MODULE_ABI);
    return "";
}

Result<ChosenSource> choose_copies(CopyChoice choice, const Facts& facts) {
    switch (choice) {
    case CopyChoice::derived:
        return ChosenSource{CopySource::derived, ""};
    case CopyChoice::breakpoints:
        return ChosenSource{CopySource::breakpoints, ""};
    case CopyChoice::module:
    case CopyChoice::automatic:
    case CopyChoice::measured:
        break;
    }
    const auto problem = module_problem(facts);
    if (problem.empty())
        return ChosenSource{CopySource::module, ""};
    if (choice == CopyChoice::module)
        return fail(problem);
    if (choice == CopyChoice::measured)
        return ChosenSource{CopySource::breakpoints, ""};
    return ChosenSource{CopySource::derived, "copies are derived, not measured: " + problem};
}

} // namespace copyscope
