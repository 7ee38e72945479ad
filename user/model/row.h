// SPDX-License-Identifier: Apache-2.0
// The result of measuring: plain data between model/ (which fills it) and report/ (which prints it).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/account.h"
#include "model/disk.h"
#include "model/nic.h"

namespace copyscope {

enum class Verdict { as_promised, better, worse, unknown };

// An empty optional: nothing on this kernel could see that class. It is not zero, and reporters print "-" / null.
struct CpuCopies {
    std::uint64_t to_user = 0, from_user = 0, kernel = 0, cow = 0;
    std::optional<std::uint64_t> bounce, pio, migration;
    std::uint64_t total() const {
        return to_user + from_user + kernel + cow + bounce.value_or(0) + pio.value_or(0) + migration.value_or(0);
    }

    // What was not seen in one part stays unseen only if it was seen in none.
    CpuCopies& operator+=(const CpuCopies& other);
};

// Hand-overs of memory between CPU and device.
struct Syncs {
    std::uint64_t for_cpu_calls = 0, for_cpu_bytes = 0;
    std::uint64_t for_device_calls = 0, for_device_bytes = 0;

    bool any() const { return for_cpu_calls || for_device_calls; }
    Syncs& operator+=(const Syncs& other);
};

struct Promise {
    bool known = false; // false: the literature says nothing of this row; reporters print "-" / null
    int mode_switches = 0;
    double cpu_copies = 0;
    int dma_copies = 0;
};

// One strategy in one variant (bench), or one operation between two endpoints (run). Figures per byte and per MiB are 0
// where there is no payload; where they mean nothing (has_ratio(), has_rates()) reporters print "-" / null.
struct Row {
    std::string strategy;  // "read+write"; for run rows the operation, or the strategy where the operation tells it
    std::string variant;   // bench: "cold, sg on"; run: "file -> anonymous memory"
    std::string operation; // run rows: "pread64"; bench rows are made of several: empty
    std::uint32_t pid = 0; // run rows: 0 = several processes
    std::string comm;      // run rows
    std::uint64_t payload_bytes = 0;
    std::uint64_t bytes_asked = 0; // in the calls; more than was moved where they came back short
    std::uint64_t cycles = 0; // buffers it took as the textbook counts them: payload / chunk, rounded up; 0 = unknown
    std::uint64_t operations = 0;
    std::uint64_t errors = 0;
    std::uint64_t mode_switches = 0;
    std::uint64_t ctx_voluntary = 0, ctx_involuntary = 0;
    CpuCopies cpu_copy_bytes, cpu_copy_calls;
    std::uint64_t transmit_bytes = 0,
                  late_bytes = 0;           // parts of cpu_copy_bytes.kernel: segmentation, MSG_ZEROCOPY undone
    std::uint64_t fault_copy_bytes = 0;     // part of cpu_copy_bytes: in page faults, which carry no payload
    std::uint64_t referenced_bytes = 0;     // user pages handed to a device by direct I/O included
    std::uint64_t vain_reference_bytes = 0; // of those: linked into a pipe and dropped, because a send came back short
    std::uint64_t transformed_bytes = 0;    // encrypted or decrypted by the CPU: read and written once, and no copies
    std::uint64_t dma_from_device = 0, dma_to_device = 0;
    Syncs syncs;              // of the DMA buffer, as the program asked for them
    std::optional<Syncs> api; // those that the kernel's DMA API made, for any device
    std::uint64_t faults_minor = 0, faults_major = 0, faults_cow = 0;
    std::uint64_t mapped_around_pages = 0, swapped_in_pages = 0;
    std::uint64_t kernel_ns = 0;
    std::uint64_t unaccounted_bytes = 0;  // of the payload and of the copies: seen on one side only
    std::uint64_t disagreement_bytes = 0; // by which derived and measured copies differ, in classes with over a page
    std::uint64_t lost = 0;               // events, not bytes
    std::string provenance;               // "measured", "derived", "not seen"
    Promise textbook;                     // per cycle
    Verdict verdict = Verdict::unknown;
    std::string reason;             // one line; empty where nothing differs
    std::vector<std::string> notes; // what else a reader of this row must know
    std::uint32_t runs = 1;         // repetitions; all numbers are of one of them, the one with the median kernel_ns

    // Less than a page is next to nothing: what it costs per MiB says nothing of a MiB.
    bool has_rates() const { return payload_bytes >= 4096; }
    // And copies of which half a percent or more was not seen are not known.
    bool has_ratio() const { return has_rates() && unaccounted_bytes < payload_bytes / 200 + 1; }

    double cpu_copies_per_byte() const {
        return per_payload(static_cast<double>(cpu_copy_bytes.total() - fault_copy_bytes));
    }
    double mode_switches_per_mib() const { return per_payload(static_cast<double>(mode_switches) * (1 << 20)); }
    double kernel_ns_per_mib() const { return per_payload(static_cast<double>(kernel_ns) * (1 << 20)); }

private:
    double per_payload(double amount) const {
        return payload_bytes ? amount / static_cast<double>(payload_bytes) : 0.0;
    }
};

// Row.strategy of total_row(): the sum of other rows of the same report.
inline constexpr char all_operations[] = "all operations";
inline constexpr char other_operations[] = "others"; // and of fold_rows()

struct Report {
    std::string schema{};         // "copyscope.bench/1", "copyscope.run/1"
    std::string kernel{};         // uname -r
    std::string copies{};         // how they were counted: "derived", "breakpoints", "module"
    std::string source{}, sink{}; // human words, e.g. "/lab/nvme (ext4)", "tcp:192.0.2.2:7007 via eth0 (e1000)"
    std::vector<Row> rows{};
    std::vector<DiskUse> disks{};               // run: those that moved anything meanwhile
    std::vector<NicUse> nics{};                 // the same of network devices
    std::map<std::string, std::string> names{}; // of ends in the rows' variants: "file [0:26]" -> "file [tmpfs /run]"
    Losses losses{};                            // of the whole measurement
    std::vector<std::string> notes{}; // printed beneath the table: what is not seen on this kernel, and the like
    int command_status = -1;          // run: wait status of the command as an exit code
};

} // namespace copyscope
