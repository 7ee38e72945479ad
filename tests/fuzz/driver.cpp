// SPDX-License-Identifier: Apache-2.0
// Drives one target: all of a corpus as it is, then changes of it, of which those that reach something new are changed
// further. The same seed gives the same inputs. A process of its own runs them; the input at which it ends is kept.
// (Clang's libFuzzer would do the same, but clang before 16 does not compile std::expected of libstdc++.)
// usage: copyscope-fuzz-TARGET --corpus FOLDER [--inputs N] [--seed N] [--keep FOLDER]
//        copyscope-fuzz-TARGET FILE...     these inputs, as they are
#include <algorithm>
#include <atomic>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <fmt/core.h>

#include "coverage.h"
#include "fuzz.h"

extern "C" [[gnu::weak]] std::size_t LLVMFuzzerCustomMutator(std::uint8_t*, std::size_t, std::size_t, unsigned);
extern "C" [[gnu::weak]] const char* __asan_default_options() {
    return "max_allocation_size_mb=1024:malloc_context_size=8:quarantine_size_mb=64";
}

namespace {

using fuzz::Random;
using Input = std::vector<std::uint8_t>;

constexpr std::size_t most_bytes = 64 << 10;
constexpr int most_seconds = 20; // of a processor, for one input
constexpr long most_memory_kib = 2 << 20;
constexpr std::size_t most_kept = 4096;

Random numbers(0);

struct Options {
    std::string target, corpus, keep = "build/fuzz";
    std::uint64_t inputs = 10'000, seed = 0;
    std::vector<std::string> files;
};

// Seen by both processes: what is being run.
struct Now {
    std::atomic<std::uint64_t> number;
    std::size_t size;
    std::uint8_t bytes[most_bytes];
};
Now* now = nullptr;

Input contents(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    Input bytes((std::istreambuf_iterator<char>(file)), {});
    bytes.resize(std::min(bytes.size(), most_bytes));
    return bytes;
}

std::vector<Input> corpus_of(const Options& options) {
    std::vector<std::filesystem::path> paths(options.files.begin(), options.files.end());
    if (!options.corpus.empty())
        for (const auto& entry : std::filesystem::directory_iterator(options.corpus))
            paths.push_back(entry.path());
    std::ranges::sort(paths);
    std::vector<Input> corpus;
    for (const auto& path : paths)
        corpus.push_back(contents(path));
    return corpus;
}

void run(const Input& input) {
    std::memcpy(now->bytes, input.data(), now->size = input.size());
    now->number++;
    const itimerval limit{.it_interval = {}, .it_value = {.tv_sec = most_seconds, .tv_usec = 0}};
    setitimer(ITIMER_PROF, &limit, nullptr); // SIGPROF ends the process
    const Input alone(input);                // a block of its own: a byte beyond it is noticed
    LLVMFuzzerTestOneInput(alone.data(), alone.size());
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    fuzz::hold(used.ru_maxrss < most_memory_kib, "2 GiB are enough for any input");
}

void change(Input& input, const std::vector<Input>& pool) {
    std::size_t size = input.size();
    input.resize(most_bytes);
    for (auto times = 1 + numbers.below(4); times > 0; times--) {
        if (const Input& other = pool[numbers.below(pool.size())];
            numbers.one_in(8) && !other.empty()) { // a part of it
            const auto begin = numbers.below(other.size()), at = numbers.below(size + 1);
            const auto count = std::min<std::size_t>(1 + numbers.below(other.size() - begin), most_bytes - at);
            std::copy_n(other.begin() + static_cast<std::ptrdiff_t>(begin), count,
                        input.begin() + static_cast<std::ptrdiff_t>(at));
            size = std::max(size, at + count);
        } else if (LLVMFuzzerCustomMutator && !numbers.one_in(4)) {
            size = LLVMFuzzerCustomMutator(input.data(), size, most_bytes, static_cast<unsigned>(numbers.next()));
        } else {
            size = LLVMFuzzerMutate(input.data(), size, most_bytes);
        }
    }
    input.resize(size);
}

void run_all(const Options& options) {
    std::vector<Input> pool = corpus_of(options);
    const std::size_t given = pool.size();
    if (given == 0) {
        fmt::print("FAIL {}: its corpus is empty: {}\n", options.target, options.corpus);
        std::exit(1);
    }
    for (const Input& input : pool)
        run(input);
    for (std::size_t ways = fuzz::ways_seen(); options.files.empty() && now->number < options.inputs;) {
        // What was found last leads on more often.
        const auto newest = std::min<std::size_t>(pool.size(), 64);
        Input input = pool[numbers.one_in(2) ? pool.size() - 1 - numbers.below(newest) : numbers.below(pool.size())];
        change(input, pool);
        (void)fuzz::ways_seen();
        run(input);
        if (const auto seen = fuzz::ways_seen(); seen > ways) {
            ways = seen;
            if (pool.size() < most_kept)
                pool.push_back(std::move(input));
            else
                pool[given + numbers.below(most_kept - given)] = std::move(input);
        }
    }
    const double seconds = static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
    fmt::print(
        "# {}: {} inputs from {} of its corpus, {} that reached something new, {} ways; {:.1f} s of a processor\n",
        options.target, now->number.load(), given, pool.size() - given, fuzz::ways_seen(), seconds);
    std::fflush(stdout);
    std::exit(0); // with the report of leaks
}

int conclude(const Options& options, int status) {
    if (status == 0) {
        fmt::print("ok {}: {} inputs, seed {}\n", options.target, now->number.load(), options.seed);
        return 0;
    }
    const auto number = now->number.load();
    const auto name = fmt::format("{}/{}-{}-{}", options.keep, options.target, options.seed, number);
    std::filesystem::create_directories(options.keep);
    std::ofstream(name, std::ios::binary)
        .write(reinterpret_cast<const char*>(now->bytes), static_cast<long>(now->size));
    fmt::print("FAIL {}: ended by {} {} at input {} of seed {}, which is in {}\n", options.target,
               WIFSIGNALED(status) ? "signal" : "status", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
               number, options.seed, name);
    return 1;
}

bool parse(int argc, char** argv, Options& options) {
    options.target = std::filesystem::path(argv[0]).filename().string();
    if (const auto dash = options.target.rfind('-'); dash != std::string::npos)
        options.target.erase(0, dash + 1);
    for (int i = 1; i < argc; i++) {
        const std::string word = argv[i];
        if (!word.starts_with("--")) {
            options.files.push_back(word);
            continue;
        }
        if (++i == argc)
            return false;
        if (word == "--corpus")
            options.corpus = argv[i];
        else if (word == "--keep")
            options.keep = argv[i];
        else if (word == "--inputs")
            options.inputs = std::strtoull(argv[i], nullptr, 10);
        else if (word == "--seed")
            options.seed = std::strtoull(argv[i], nullptr, 10);
        else
            return false;
    }
    return options.files.empty() != options.corpus.empty();
}

} // namespace

std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most) {
    std::string text(fuzz::view(data, size));
    const auto at = numbers.below(text.size() + 1);
    switch (numbers.below(7)) {
    case 0:
        if (at < text.size())
            text[at] = static_cast<char>(text[at] ^ static_cast<char>(1U << numbers.below(8)));
        break;
    case 1:
        text.erase(at, 1 + numbers.below(numbers.one_in(4) ? 256 : 8));
        break;
    case 2:
        text.insert(at, 1 + numbers.below(8), static_cast<char>(numbers.next()));
        break;
    case 3:
        text.insert(at, 1 + numbers.below(numbers.one_in(8) ? 4096 : 8), " \n\t\"\\'[{}]0.-,;="[numbers.below(16)]);
        break;
    case 4: // another number
        if (const auto digit = text.find_first_of("0123456789", at); digit != text.npos) {
            const auto end = std::min(text.find_first_not_of("0123456789", digit), text.size());
            text.replace(digit, end - digit, (numbers.one_in(4) ? "-" : "") + std::to_string(fuzz::odd_value(numbers)));
        }
        break;
    case 5: // a part once more
        text.insert(at, text.substr(numbers.below(text.size() + 1), numbers.below(64)));
        break;
    default: // a line once more, elsewhere
        if (const auto begin = text.find('\n', at); begin != text.npos)
            text.insert(text.find('\n', begin + 1) == text.npos ? text.size() : begin + 1,
                        text.substr(begin + 1, text.find('\n', begin + 1) - begin));
    }
    return fuzz::put(text, data, most);
}

int main(int argc, char** argv) {
    Options options;
    if (!parse(argc, argv, options)) {
        fmt::print(stderr, "usage: {} --corpus FOLDER [--inputs N] [--seed N] [--keep FOLDER] | FILE...\n", argv[0]);
        return 2;
    }
    numbers = Random(options.seed);
    fmt::print("# {}: seed {}\n", options.target, options.seed);
    std::fflush(stdout);
    now = static_cast<Now*>(mmap(nullptr, sizeof(Now), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    if (now == MAP_FAILED)
        return 1;
    const pid_t child = fork();
    if (child == 0)
        run_all(options);
    int status = -1;
    waitpid(child, &status, 0);
    return conclude(options, status);
}
