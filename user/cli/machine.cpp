// SPDX-License-Identifier: Apache-2.0
// See machine.h.
#include "cli/machine.h"

namespace copyscope {
namespace {

// One line, the details are doctor's.
std::string not_seen_note(const std::vector<std::string>& not_seen) {
    std::string note = "not seen on this kernel:";
    for (std::size_t i = 0; i < not_seen.size(); i++)
        note += (i ? "; " : " ") + not_seen[i];
    return note;
}

} // namespace

Result<Machine> survey_machine(CopyChoice copies) {
    auto facts = read_facts();
    if (auto possible = facts.possible(); !possible)
        return std::unexpected(possible.error());
    auto chosen = choose_copies(copies, facts);
    if (!chosen)
        return std::unexpected(chosen.error());
    return Machine{std::move(facts), std::move(*chosen)};
}

std::vector<std::string> notes_of(const Session& session, const Machine& machine) {
    std::vector<std::string> notes{not_seen_note(session.not_seen())};
    if (!machine.copies.note.empty())
        notes.push_back(machine.copies.note);
    return notes;
}

} // namespace copyscope
