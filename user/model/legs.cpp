// SPDX-License-Identifier: Apache-2.0
// See legs.h.
#include "model/legs.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <optional>
#include <tuple>

namespace copyscope {

namespace {

// So many streams of each side are tried together, the largest ones: all sets of them are, and a process has two or
// three.
constexpr std::size_t most = 6;

using Side = std::vector<Stream*>;

Side largest_open(std::vector<Stream>& streams) {
    Side side;
    for (Stream& stream : streams)
        if (!stream.matched && stream.bytes > 0)
            side.push_back(&stream);
    std::ranges::stable_sort(side, [](const Stream* a, const Stream* b) { return a->bytes > b->bytes; });
    side.resize(std::min(side.size(), most));
    return side;
}

// Members are the bits of a set.
std::uint64_t sum(const Side& side, unsigned set) {
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < side.size(); ++i)
        bytes += set >> i & 1 ? side[i]->bytes : 0;
    return bytes;
}

struct Match {
    unsigned in = 0, out = 0;
    std::uint64_t apart = 0;

    // The closest one; of those the smallest, so that what is exact by itself is not thrown together with other things.
    auto rank() const { return std::tuple(apart, std::popcount(in) + std::popcount(out)); }
};

std::optional<Match> closest(const Side& in, const Side& out) {
    std::optional<Match> best;
    for (unsigned i = 1; i < 1U << in.size(); ++i) {
        const std::uint64_t came = sum(in, i);
        for (unsigned o = 1; o < 1U << out.size(); ++o) {
            const std::uint64_t went = sum(out, o);
            const Match match{i, o, std::max(came, went) - std::min(came, went)};
            if (is_as_much(came, went) && (!best || match.rank() < best->rank()))
                best = match;
        }
    }
    return best;
}

Side members(const Side& side, unsigned set) {
    Side chosen;
    for (std::size_t i = 0; i < side.size(); ++i)
        if (set >> i & 1)
            chosen.push_back(side[i]);
    return chosen;
}

// Gives the plain streams of one side their part in what is direct on the other. What is direct itself needs none.
void share_direct(const Side& side, std::uint64_t direct_over_there, bool all) {
    for (Stream* stream : side) {
        if (stream->direct)
            continue;
        stream->direct_bytes = all ? stream->bytes : std::min(stream->bytes, direct_over_there);
        direct_over_there -= std::min(stream->direct_bytes, direct_over_there);
    }
}

// A read past the page cache feeds plain writes, plain reads feed a write past it; if both sides have both, each feeds
// its like as far as it goes.
void settle(const Side& in, const Side& out) {
    const auto bytes_of = [](const Side& side, bool direct) {
        return std::accumulate(
            side.begin(), side.end(), std::uint64_t{0},
            [direct](std::uint64_t bytes, const Stream* s) { return bytes + (s->direct == direct ? s->bytes : 0); });
    };
    const std::uint64_t direct_in = bytes_of(in, true), direct_out = bytes_of(out, true);
    const std::uint64_t plain_in = bytes_of(in, false), plain_out = bytes_of(out, false);
    const std::uint64_t both = std::min(direct_in, direct_out);
    share_direct(in, direct_out - both, plain_out == 0);
    share_direct(out, direct_in - both, plain_in == 0);
    for (const Side& side : {in, out})
        for (Stream* stream : side)
            stream->matched = true;
}

} // namespace

bool is_as_much(std::uint64_t a, std::uint64_t b) {
    // What a program reads before it does what it is for, its libraries and its settings: of a small file a large part.
    constexpr std::uint64_t start_up = 4096;
    const auto [less, more] = std::minmax(a, b);
    const std::uint64_t apart = more - less;
    return less > 0 && (apart <= more / 8 || (apart <= start_up && apart <= more / 2));
}

void match_legs(std::vector<Stream>& in, std::vector<Stream>& out) {
    for (;;) {
        const Side from = largest_open(in), to = largest_open(out);
        const auto match = closest(from, to);
        if (!match)
            return;
        settle(members(from, match->in), members(to, match->out));
    }
}

} // namespace copyscope
