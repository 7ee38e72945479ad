// SPDX-License-Identifier: Apache-2.0
// Report -> JSON. Scripts depend on this: names and meanings stay, fields may be added.
//
//   schema        "copyscope.bench/1" or "copyscope.run/1"; the number rises when a field changes its meaning or goes
//   kernel        uname -r
//   copies        how copies were counted: "derived", "breakpoints", "module"
//   source, sink  words for a person
//   command_status  exit code of the command; null where none was run
//   rows[]        strategy, variant, payload_bytes, operations, mode_switches, context_switches{voluntary,
//   involuntary},
//                 cpu_copy_bytes{to_user, from_user, kernel, cow, bounce, pio, migration}, cpu_copies_per_byte,
//                 referenced_bytes, dma_bytes{from_device, to_device}, faults{minor, major, cow}, kernel_ns,
//                 unaccounted_bytes, lost, provenance, textbook{mode_switches, cpu_copies, dma_copies}, verdict,
//                 reason; then cycles, transmit_bytes, late_bytes (both parts of cpu_copy_bytes.kernel),
//                 vain_reference_bytes (part of referenced_bytes), transformed_bytes, errors,
//                 bytes_asked, cpu_copy_calls{as cpu_copy_bytes}, pages{mapped_around, swapped_in}, operation, pid,
//                 comm, runs, notes,
//                 syncs{for_cpu{calls, bytes}, for_device{calls, bytes}}, dma_api_syncs{as syncs}
//   disks[]       device, name, read_bytes{owned, nobodys, outside, pio, zeroed, failed}, written_bytes{as read_bytes}
//   nics[]        device (its number), namespace, name, sent_frames{owned, nobodys, segmented}, sent_bytes{owned,
//                 nobodys, segmented, padding}, received_frames, received_bytes{owned, nobodys, unknown},
//                 received_earlier_bytes
//   losses        events by kind, and their `total`
//   notes         lines for a person
//   names{}       of ends with a device, as they stand in variant: the same with its name
//
// null is "not seen" or "not applicable", never zero: a class of copies that nothing on this kernel could see,
// cpu_copies_per_byte without payload, textbook and verdict where there is no promise, pid of several processes,
// cycles of an unknown chunk. All numbers are integers but the two that are ratios.
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "report/losses_json.h"
#include "report/report.h"
#include "report/row_json.h"

namespace copyscope {
namespace {

using Json = nlohmann::ordered_json;

Json shares_json(std::span<const ShareWords> words, std::span<const __u64> sums) {
    Json shares = Json::object();
    for (std::size_t i = 0; i < words.size(); i++)
        shares[std::string(words[i].name)] = sums[i];
    return shares;
}

Json disks_json(const std::vector<DiskUse>& disks) {
    Json result = Json::array();
    for (const auto& [device, name, bytes] : disks)
        result.push_back({{"device", device_text(device)},
                          {"name", name},
                          {"read_bytes", shares_json(disk_shares(), bytes.read)},
                          {"written_bytes", shares_json(disk_shares(), bytes.written)}});
    return result;
}

Json received_json(const NicUse& nic) {
    if (!nic.receives)
        return nullptr;
    return {{"owned", nic.received_owned()}, {"nobodys", nic.received_nobodys()}, {"unknown", nic.received_unknown()}};
}

Json nics_json(const std::vector<NicUse>& nics) {
    Json result = Json::array();
    for (const NicUse& nic : nics)
        result.push_back({{"device", nic.device},
                          {"namespace", nic.network},
                          {"name", nic.name},
                          {"sent_frames", shares_json(nic_shares().first(COPYSCOPE_NIC_PADDING), nic.sums.sent_frames)},
                          {"sent_bytes", shares_json(nic_shares(), nic.sums.sent_bytes)},
                          {"received_frames", nic.receives ? Json(nic.sums.received_frames) : Json(nullptr)},
                          {"received_bytes", received_json(nic)},
                          {"received_earlier_bytes", nic.receives ? Json(nic.received_earlier()) : Json(nullptr)}});
    return result;
}

} // namespace

std::string render_json(const Report& report) {
    Json rows = Json::array();
    for (const Row& row : report.rows)
        rows.push_back(row_json(row));
    Json result = {{"schema", report.schema},
                   {"kernel", report.kernel},
                   {"copies", report.copies.empty() ? Json(nullptr) : Json(report.copies)},
                   {"source", report.source},
                   {"sink", report.sink},
                   {"command_status", report.command_status < 0 ? Json(nullptr) : Json(report.command_status)},
                   {"rows", std::move(rows)},
                   {"disks", disks_json(report.disks)},
                   {"nics", nics_json(report.nics)},
                   {"losses", losses_json(report.losses)},
                   {"notes", report.notes},
                   {"names", report.names}};
    return json_text(result, 2) + "\n";
}

} // namespace copyscope
