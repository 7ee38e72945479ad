// SPDX-License-Identifier: Apache-2.0
// Names for the numbers of the ABI, and the difference of two samples. Pure: the same values in, the same values out.
#include "model/account.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

namespace copyscope {

namespace {

// By enumerator, not by position: the ABI may insert a value in the middle.
constexpr auto operation_names = [] {
    std::array<std::string_view, COPYSCOPE_OP_COUNT> names{};
    names[COPYSCOPE_OP_NONE] = "none";
    names[COPYSCOPE_OP_READ] = "read";
    names[COPYSCOPE_OP_PREAD64] = "pread64";
    names[COPYSCOPE_OP_READV] = "readv";
    names[COPYSCOPE_OP_PREADV] = "preadv";
    names[COPYSCOPE_OP_PREADV2] = "preadv2";
    names[COPYSCOPE_OP_WRITE] = "write";
    names[COPYSCOPE_OP_PWRITE64] = "pwrite64";
    names[COPYSCOPE_OP_WRITEV] = "writev";
    names[COPYSCOPE_OP_PWRITEV] = "pwritev";
    names[COPYSCOPE_OP_PWRITEV2] = "pwritev2";
    names[COPYSCOPE_OP_RECVFROM] = "recvfrom";
    names[COPYSCOPE_OP_RECVMSG] = "recvmsg";
    names[COPYSCOPE_OP_SENDTO] = "sendto";
    names[COPYSCOPE_OP_SENDMSG] = "sendmsg";
    names[COPYSCOPE_OP_SENDFILE64] = "sendfile64";
    names[COPYSCOPE_OP_SPLICE] = "splice";
    names[COPYSCOPE_OP_COPY_FILE_RANGE] = "copy_file_range";
    names[COPYSCOPE_OP_IOCTL] = "ioctl";
    names[COPYSCOPE_OP_FAULT] = "fault";
    names[COPYSCOPE_OP_OTHER] = "other call";
    names[COPYSCOPE_OP_NOBODYS] = "nobody's";
    return names;
}();

constexpr auto endpoint_names = [] {
    std::array<std::string_view, COPYSCOPE_END_COUNT> names{};
    names[COPYSCOPE_END_NONE] = "unknown";
    names[COPYSCOPE_END_MEMORY] = "memory";
    names[COPYSCOPE_END_MEMORY_ANON] = "anonymous memory";
    names[COPYSCOPE_END_MEMORY_FILE] = "mapped file";
    names[COPYSCOPE_END_MEMORY_DEVICE] = "mapped device";
    names[COPYSCOPE_END_MEMORY_DMA] = "mapped DMA buffer";
    names[COPYSCOPE_END_FILE] = "file";
    names[COPYSCOPE_END_BLOCK] = "block device";
    names[COPYSCOPE_END_CHAR] = "char device";
    names[COPYSCOPE_END_DMA] = "DMA buffer";
    names[COPYSCOPE_END_PIPE] = "pipe";
    names[COPYSCOPE_END_TCP] = "tcp";
    names[COPYSCOPE_END_UDP] = "udp";
    names[COPYSCOPE_END_UNIX] = "unix socket";
    names[COPYSCOPE_END_SOCKET] = "other socket";
    names[COPYSCOPE_END_OTHER] = "other";
    names[COPYSCOPE_END_MEMORY_SHARED] = "shared memory";
    names[COPYSCOPE_END_MEMORY_PRIVATE] = "private copy";
    names[COPYSCOPE_END_MEMORY_STATIC] = "static data";
    return names;
}();

constexpr std::array<std::string_view, COPYSCOPE_CLASSES> class_names = {
    "to_user", "from_user", "kernel", "transmit", "late", "cow", "bounce", "pio", "migration",
};

struct LossWords {
    std::string_view name, description;
};
constexpr std::array<LossWords, COPYSCOPE_LOSSES> loss_words{{
    {"ledger", "operations not seen (no task storage)"},
    {"account", "operations not posted (no room or no memory for an account)"},
    {"process", "processes without a name (processes map full)"},
    {"unclosed", "operations whose end was not seen"},
    {"vma", "memory of unknown kind (bpf_find_vma failed)"},
    {"bio", "disk requests without an owner"},
    {"inode", "files whose write-back has no owner"},
    {"socket", "socket events without an owner"},
    {"inherit", "child processes not followed"},
    {"bounce", "bounce buffers without an owner"},
}};
constexpr bool nameless(std::string_view name) {
    return name.empty();
}
static_assert(std::ranges::none_of(operation_names, nameless) && std::ranges::none_of(endpoint_names, nameless) &&
                  std::ranges::none_of(class_names, nameless) &&
                  std::ranges::none_of(loss_words, nameless, &LossWords::name),
              "the ABI has a value without a name");

auto order(const copyscope_endpoint& end) {
    return std::tuple(end.kind, end.flags, end.device);
}

// `reserved` takes part in nothing: two keys that differ only there mean the same.
auto order(const copyscope_account_key& key) {
    return std::tuple(key.process.tgid, key.process.start_ns, key.op, order(key.source), order(key.sink));
}

std::uint64_t advance(std::uint64_t earlier, std::uint64_t later) {
    return later >= earlier ? later - earlier : later;
}

} // namespace

std::uint64_t Losses::total() const {
    return std::accumulate(inside.begin(), inside.end(), missed + unread + quiet + in_accounts);
}

// These are counted where they belong to the whole machine and, where an operation is open, in its account as well.
Losses with_accounts(const Sample& sample) {
    Losses losses = sample.losses;
    std::uint64_t in_both = 0;
    for (const copyscope_loss both : {COPYSCOPE_LOSS_VMA, COPYSCOPE_LOSS_INODE, COPYSCOPE_LOSS_SOCKET})
        in_both += losses.inside[both];
    std::uint64_t in_accounts = 0;
    for (const Account& account : sample.accounts)
        in_accounts += account[COPYSCOPE_LOST];
    losses.in_accounts = in_accounts - std::min(in_accounts, in_both);
    return losses;
}

Losses& Losses::operator+=(const Losses& other) {
    std::transform(inside.begin(), inside.end(), other.inside.begin(), inside.begin(), std::plus());
    missed += other.missed;
    unread += other.unread;
    quiet += other.quiet;
    in_accounts += other.in_accounts;
    return *this;
}

Losses& Losses::operator-=(const Losses& earlier) {
    std::transform(inside.begin(), inside.end(), earlier.inside.begin(), inside.begin(), std::minus());
    missed -= earlier.missed;
    unread -= earlier.unread;
    quiet -= earlier.quiet;
    in_accounts -= earlier.in_accounts;
    return *this;
}

Sample difference(const Sample& earlier, const Sample& later) {
    std::map<decltype(order(copyscope_account_key{})), const Account*> before;
    for (const Account& account : earlier.accounts)
        before.emplace(order(account.key), &account);

    Sample result{.accounts = {}, .processes = later.processes, .losses = later.losses, .source = later.source};
    for (const Account& account : later.accounts) {
        Account change = account;
        if (auto found = before.find(order(account.key)); found != before.end()) {
            const auto& then = found->second->value.counter;
            bool continued = std::ranges::equal(then, account.value.counter, std::ranges::less_equal{});
            for (int i = 0; i < COPYSCOPE_COUNTERS && continued; ++i)
                change.value.counter[i] -= then[i];
            for (int i = 0; i < COPYSCOPE_CLASSES && continued; ++i) {
                change.measured.bytes[i] -= found->second->measured.bytes[i];
                change.measured.calls[i] -= found->second->measured.calls[i];
            }
        }
        if (std::ranges::any_of(change.value.counter, [](std::uint64_t value) { return value != 0; }))
            result.accounts.push_back(change);
    }
    for (std::size_t i = 0; i < COPYSCOPE_LOSSES; ++i)
        result.losses.inside[i] = advance(earlier.losses.inside[i], later.losses.inside[i]);
    result.losses.missed = advance(earlier.losses.missed, later.losses.missed);
    result.losses.unread = advance(earlier.losses.unread, later.losses.unread);
    result.losses.quiet = advance(earlier.losses.quiet, later.losses.quiet);
    return result;
}

bool same_process(const copyscope_process& a, const copyscope_process& b) {
    return a.tgid == b.tgid && a.start_ns == b.start_ns;
}

const ProcessInfo* find_process(const Sample& sample, const copyscope_process& id) {
    auto found = std::ranges::find_if(sample.processes, [&](const ProcessInfo& p) { return same_process(p.id, id); });
    return found == sample.processes.end() ? nullptr : &*found;
}

std::string_view operation_name(std::uint32_t op) {
    return op < operation_names.size() ? operation_names[op] : std::string_view("unknown");
}

std::string_view endpoint_kind_name(std::uint16_t kind) {
    return kind < endpoint_names.size() ? endpoint_names[kind] : std::string_view("unknown");
}

std::string_view copy_source_name(CopySource source) {
    switch (source) {
    case CopySource::module:
        return "module";
    case CopySource::breakpoints:
        return "breakpoints";
    case CopySource::derived:
        break;
    }
    return "derived";
}

std::string_view copy_class_name(std::uint32_t copy_class) {
    return copy_class < class_names.size() ? class_names[copy_class] : std::string_view("unknown");
}

// Four breakpoints stand on the copies between an iov_iter and the kernel; the module has a site for every class.
bool measures_class(CopySource source, std::uint32_t copy_class) {
    if (source == CopySource::breakpoints)
        return copy_class <= COPYSCOPE_CLASS_KERNEL;
    return source == CopySource::module;
}

void use_measured(Sample& sample) {
    if (sample.reported)
        return;
    sample.reported = true;
    for (Account& account : sample.accounts)
        for (std::uint32_t copy_class = 0; copy_class < COPYSCOPE_CLASSES; ++copy_class) {
            if (!measures_class(sample.source, copy_class))
                continue;
            account.disagreement[copy_class] = static_cast<std::int64_t>(
                account.measured.bytes[copy_class] - account.value.counter[COPYSCOPE_CLASS_COUNTER(copy_class)]);
            account.value.counter[COPYSCOPE_CLASS_COUNTER(copy_class)] = account.measured.bytes[copy_class];
            account.value.counter[COPYSCOPE_CLASS_COUNTER(copy_class) + 1] = account.measured.calls[copy_class];
            if (copy_class == COPYSCOPE_CLASS_COW)
                account.value.counter[COPYSCOPE_COW_DERIVED_BYTES] = 0;
        }
}

Sample measured_sample(Sample sample) {
    use_measured(sample);
    return sample;
}

std::string_view loss_name(std::uint32_t loss) {
    return loss < loss_words.size() ? loss_words[loss].name : std::string_view("unknown");
}

std::string_view loss_description(std::uint32_t loss) {
    return loss < loss_words.size() ? loss_words[loss].description : std::string_view("unknown loss");
}

std::string endpoint_text(const copyscope_endpoint& end) {
    std::string text(is_null_device(end) ? std::string_view("/dev/null") : endpoint_kind_name(end.kind));
    std::string words;
    auto add = [&](std::uint16_t flag, const char* word) {
        if (end.flags & flag)
            words += (words.empty() ? "" : ", ") + std::string(word);
    };
    add(COPYSCOPE_END_DIRECT, "direct");
    add(COPYSCOPE_END_LOOPBACK, "loopback");
    add(COPYSCOPE_END_NO_SG, "no sg");
    add(COPYSCOPE_END_VIRTUAL, "virtual");
    add(COPYSCOPE_END_COHERENT, "coherent");
    add(COPYSCOPE_END_HUGE, "huge");
    add(COPYSCOPE_END_TLS, "tls");
    add(COPYSCOPE_END_SOCKMAP, "sockmap");
    return words.empty() ? text : text + " (" + words + ")";
}

std::string endpoint_device(const copyscope_endpoint& end) {
    if (is_socket(end))
        return end.device ? "if " + std::to_string(end.device) : "";
    bool has_device = end.kind == COPYSCOPE_END_FILE || end.kind == COPYSCOPE_END_MEMORY_FILE ||
                      end.kind == COPYSCOPE_END_BLOCK || end.kind == COPYSCOPE_END_CHAR ||
                      end.kind == COPYSCOPE_END_DMA;
    if (!has_device)
        return "";
    return device_text(end.device);
}

std::string device_text(std::uint32_t device) {
    return std::to_string(device_major(device)) + ":" + std::to_string(device_minor(device));
}

bool is_null_device(const copyscope_endpoint& end) {
    return end.kind == COPYSCOPE_END_CHAR && end.device == make_device(1, 3);
}

bool is_zero_device(const copyscope_endpoint& end) {
    return end.kind == COPYSCOPE_END_CHAR && end.device == make_device(1, 5);
}

bool is_memory(const copyscope_endpoint& end) {
    return (end.kind >= COPYSCOPE_END_MEMORY && end.kind <= COPYSCOPE_END_MEMORY_DMA) ||
           (end.kind >= COPYSCOPE_END_MEMORY_SHARED && end.kind <= COPYSCOPE_END_MEMORY_STATIC);
}

bool is_socket(const copyscope_endpoint& end) {
    return end.kind == COPYSCOPE_END_TCP || end.kind == COPYSCOPE_END_UDP || end.kind == COPYSCOPE_END_UNIX ||
           end.kind == COPYSCOPE_END_SOCKET;
}

} // namespace copyscope
