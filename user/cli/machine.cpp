// SPDX-License-Identifier: Apache-2.0
// See machine.h.
#include "cli/machine.h"

#include <filesystem>
#include <fmt/format.h>

#include "cli/commands.h"
#include "report/notes.h"

namespace copyscope {
namespace {

// The initial pid namespace has a number of its own, on every kernel (include/linux/proc_ns.h, PROC_PID_INIT_INO).
bool sees_all_processes() {
    std::error_code hidden;
    const auto name = std::filesystem::read_symlink("/proc/self/ns/pid", hidden).string();
    return hidden || name == fmt::format("pid:[{}]", 0xEFFFFFFCU);
}

} // namespace

Result<Machine> survey_machine(CopyChoice copies) {
    auto facts = read_facts(asked_of_kernel());
    TRY(facts.possible());
    auto chosen = TRY(choose_copies(copies, facts));
    return Machine{std::move(facts), std::move(chosen)};
}

Result<AttachedMachine> attach(CopyChoice copies) {
    auto machine = TRY(survey_machine(copies));
    show_progress("loading and attaching the BPF programs");
    auto session = Session::open(machine.facts, machine.copies.source);
    clear_progress();
    if (!session)
        return std::unexpected(session.error());
    return AttachedMachine{std::move(machine), std::move(*session)};
}

std::vector<std::string> notes_of(const Session& session, const Machine& machine) {
    std::vector<std::string> notes{not_seen_note(session.not_seen())};
    notes.insert(notes.end(), session.notes().begin(), session.notes().end());
    if (!machine.copies.note.empty())
        notes.push_back(machine.copies.note);
    if (!sees_all_processes())
        notes.emplace_back("process numbers are those of the initial pid namespace, not of this one");
    return notes;
}

} // namespace copyscope
