// SPDX-License-Identifier: Apache-2.0
// See machine.h.
#include "cli/machine.h"

#include "cli/commands.h"
#include "report/notes.h"

namespace copyscope {
Result<Machine> survey_machine(CopyChoice copies) {
    auto facts = read_facts(asked_of_kernel());
    if (auto possible = facts.possible(); !possible)
        return std::unexpected(possible.error());
    auto chosen = choose_copies(copies, facts);
    if (!chosen)
        return std::unexpected(chosen.error());
    return Machine{std::move(facts), std::move(*chosen)};
}

Result<AttachedMachine> attach(CopyChoice copies) {
    auto machine = survey_machine(copies);
    if (!machine)
        return std::unexpected(machine.error());
    show_progress("loading and attaching the BPF programs");
    auto session = Session::open(machine->facts, machine->copies.source);
    clear_progress();
    if (!session)
        return std::unexpected(session.error());
    return AttachedMachine{std::move(*machine), std::move(*session)};
}

std::vector<std::string> notes_of(const Session& session, const Machine& machine) {
    std::vector<std::string> notes{not_seen_note(session.not_seen())};
    notes.insert(notes.end(), session.notes().begin(), session.notes().end());
    if (!machine.copies.note.empty())
        notes.push_back(machine.copies.note);
    return notes;
}

} // namespace copyscope
