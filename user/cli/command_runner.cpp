// SPDX-License-Identifier: Apache-2.0
// See command_runner.h.
#include "cli/command_runner.h"

#include <chrono>
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

} // namespace

Result<MeasuredCommand> measure_command(const std::vector<std::string>& words, CopyChoice copies, const Ready& ready) {
    auto attached = attach(copies);
    if (!attached)
        return std::unexpected(attached.error());
    auto& [machine, session] = *attached;
    auto command = Command::start(words);
    if (!command)
        return std::unexpected(command.error());
    if (auto status = session->begin(command->pid()); !status)
        return std::unexpected(status.error());
    if (auto status = ready ? ready(*attached) : Status{}; !status)
        return std::unexpected(status.error());
    if (auto status = command->release(); !status)
        return std::unexpected(status.error().within(words.front()));
    const auto code = command->wait();
    if (!code)
        return std::unexpected(code.error());
    session->prove();
    auto sample = read_settled(*session);
    if (!sample)
        return std::unexpected(sample.error());
    auto disks = session->disks();
    if (!disks)
        return std::unexpected(disks.error());
    auto notes = notes_of(*session, machine);
    return MeasuredCommand{.machine = std::move(machine),
                           .sample = std::move(*sample),
                           .disks = std::move(*disks),
                           .code = *code,
                           .session = std::move(session),
                           .notes = std::move(notes)};
}

} // namespace copyscope
