// SPDX-License-Identifier: Apache-2.0
// See command_runner.h.
#include "cli/command_runner.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <thread>

#include "bench/command.h"

namespace copyscope {
namespace {

std::uint64_t posted(const Sample& sample) {
    std::uint64_t sum = 0;
    for (const auto& account : sample.accounts)
        sum += account[COPYSCOPE_OPERATIONS] + account[COPYSCOPE_DMA_TO_DEVICE] + account[COPYSCOPE_TRANSMIT_BYTES];
    return sum;
}

// What the command left in its sockets is still on its way when it has ended: read until nothing comes any more.
Result<Sample> read_settled(Session& session) {
    auto sample = session.end();
    for (int tries = 0; sample && tries < 20; tries++) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        auto later = session.end();
        if (!later || posted(*later) == posted(*sample))
            return later;
        sample = std::move(later);
    }
    return sample;
}

// Those of its processes that go on without it; who has done nothing yet is not among them.
std::vector<const ProcessInfo*> running(const Sample& sample) {
    std::vector<const ProcessInfo*> processes;
    for (const ProcessInfo& process : sample.processes)
        if (!process.ended)
            processes.push_back(&process);
    return processes;
}

Status follow_all(Session& session) {
    do {
        const auto sample = TRY(session.end());
        if (running(sample).empty())
            return {};
    } while (Command::pause(500));
    return {};
}

// Empty: nothing goes on.
std::string left_running(const Sample& sample, bool followed) {
    constexpr std::size_t most = 5;
    const auto processes = running(sample);
    if (processes.empty())
        return "";
    std::string words = followed ? "still running when it was stopped: " : "still running when the command ended: ";
    for (std::size_t i = 0; i < std::min(processes.size(), most); i++)
        words += fmt::format("{}{} ({})", i ? ", " : "", processes[i]->comm, processes[i]->id.tgid);
    if (processes.size() > most)
        words += fmt::format(" and {} more", processes.size() - most);
    return words + "; what they do from then on is not counted" + (followed ? "" : " (with --follow it is)");
}

} // namespace

Result<MeasuredCommand> measure_command(const std::vector<std::string>& words, CopyChoice copies, bool follow,
                                        const Ready& ready) {
    auto attached = TRY(attach(copies));
    auto& [machine, session] = attached;
    auto command = TRY(Command::start(words));
    TRY(session->begin(command.pid()));
    TRY(ready ? ready(attached) : Status{});
    if (auto status = command.release(); !status)
        return std::unexpected(status.error().within(words.front()));
    const auto code = TRY(command.wait());
    TRY(follow ? follow_all(*session) : Status{});
    session->prove();
    auto sample = TRY(read_settled(*session));
    auto disks = TRY(session->disks());
    auto nics = TRY(session->nics());
    add_arrivals(nics, sample.accounts);
    auto notes = notes_of(*session, machine);
    if (auto left = left_running(sample, follow); !left.empty())
        notes.insert(notes.begin(), std::move(left));
    return MeasuredCommand{.machine = std::move(machine),
                           .sample = std::move(sample),
                           .disks = std::move(disks),
                           .nics = std::move(nics),
                           .code = code,
                           .session = std::move(session),
                           .notes = std::move(notes)};
}

} // namespace copyscope
