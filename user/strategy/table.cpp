// SPDX-License-Identifier: Apache-2.0
// The table of strategies. A new strategy is one file in this folder, its declaration in strategy.h and one line here.
// Knows names only.
#include "strategy/strategy.h"

namespace copyscope {

namespace {

// In the order in which reports show them: from the most copies to the fewest, direct I/O last; then those that need a
// sink of one kind, or none; then those that need the module.
constexpr const Strategy* table[] = {
    &read_write_strategy,    &mmap_write_strategy, &sendfile_strategy,        &splice_strategy,
    &direct_strategy,        &zerocopy_strategy,   &copy_file_range_strategy, &cow_fork_strategy,
    &private_write_strategy, &dma_buffer_strategy, &dma_zerocopy_strategy,    &dma_coherent_strategy,
};

} // namespace

std::span<const Strategy* const> strategies() {
    return table;
}

const Strategy* find_strategy(const std::string& name) {
    for (const Strategy* strategy : table)
        if (name == strategy->name)
            return strategy;
    return nullptr;
}

} // namespace copyscope
