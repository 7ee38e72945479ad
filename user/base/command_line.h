// SPDX-License-Identifier: Apache-2.0
// Commands, options, and what they may hold: as much of CLI11 as our programs use. It is behind this header because
// every file that includes CLI11 compiles all of it, for seconds; command_line.cpp alone does.
// Must not know any command. Handles are copied freely and live as long as the CommandLine.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace CLI {
class App;
class Option;
} // namespace CLI

namespace copyscope {

class Option {
public:
    explicit Option(CLI::Option* option) : option_(option) {}

    Option required();
    Option type_name(const char* name); // what --help calls its value
    Option show_default();              // in --help: what the variable holds now
    Option excludes(Option other);
    Option needs(Option other);

    Option between(int least, int most);
    Option between(unsigned least, unsigned most);
    Option between(double least, double most);
    Option positive();
    Option one_of(std::vector<std::string> words);
    Option or_bare(const std::string& value); // without a value it stands for this one

    bool given() const;

private:
    CLI::Option* option_;
};

class Subcommand {
public:
    explicit Subcommand(CLI::App* app) : app_(app) {}

    Subcommand add_subcommand(const char* name, const char* summary);
    Option add_flag(const char* names, bool& value, const std::string& help);

    // T: string, optional<string>, vector<string>, int, uint32_t, uint64_t or double (instantiated in the .cpp).
    template<typename T>
    Option add_option(const char* names, T& value, const std::string& help);

    // One of some words, each of which stands for a value.
    template<typename Enum>
    Option add_choice(const char* names, Enum& value, std::vector<std::pair<std::string, Enum>> words,
                      const std::string& help) {
        std::vector<std::pair<std::string, int>> numbers;
        for (auto& [word, meaning] : words)
            numbers.emplace_back(std::move(word), static_cast<int>(meaning));
        return add_number(
            names, [&value](int number) { value = static_cast<Enum>(number); }, numbers, help);
    }

    void footer(const std::string& text);
    void callback(std::function<void()> work); // when the command was chosen and all its options are read
    bool has(const std::string& subcommand) const;
    bool subcommand_chosen() const;

private:
    Option add_number(const char* names, std::function<void(int)> set,
                      const std::vector<std::pair<std::string, int>>& words, const std::string& help);

    CLI::App* app_;
};

class CommandLine {
public:
    CommandLine(const std::string& summary, const std::string& version, const std::string& footer);
    ~CommandLine();

    Subcommand top();
    void require_subcommand();

    // Calls back whom argv chooses. A number: --help or --version have been answered, and the program ends with it.
    // Errors are usage errors.
    Result<std::optional<int>> parse(int argc, char** argv);

private:
    std::unique_ptr<CLI::App> app_;
};

} // namespace copyscope
