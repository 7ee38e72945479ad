// SPDX-License-Identifier: Apache-2.0
#include "base/command_line.h"

#include <cstdint>
#include <map>
#include <sstream>

#include <CLI/CLI.hpp>

#include "base/program.h"

namespace copyscope {

Option Option::required() {
    option_->required();
    return *this;
}

Option Option::type_name(const char* name) {
    option_->type_name(name);
    return *this;
}

Option Option::show_default() {
    option_->capture_default_str();
    return *this;
}

Option Option::excludes(Option other) {
    option_->excludes(other.option_);
    return *this;
}

Option Option::needs(Option other) {
    option_->needs(other.option_);
    return *this;
}

Option Option::between(int least, int most) {
    option_->check(CLI::Range(least, most));
    return *this;
}

Option Option::between(unsigned least, unsigned most) {
    option_->check(CLI::Range(least, most));
    return *this;
}

Option Option::between(double least, double most) {
    option_->check(CLI::Range(least, most));
    return *this;
}

Option Option::positive() {
    option_->check(CLI::PositiveNumber);
    return *this;
}

Option Option::one_of(std::vector<std::string> words) {
    option_->check(CLI::IsMember(std::move(words)));
    return *this;
}

Option Option::or_bare(const std::string& value) {
    option_->expected(0, 1)->default_str(value);
    return *this;
}

bool Option::given() const {
    return option_->count() > 0;
}

Subcommand Subcommand::add_subcommand(const char* name, const char* summary) {
    return Subcommand(app_->add_subcommand(name, summary));
}

Option Subcommand::add_flag(const char* names, bool& value, const std::string& help) {
    return Option(app_->add_flag(names, value, help));
}

template<typename T>
Option Subcommand::add_option(const char* names, T& value, const std::string& help) {
    return Option(app_->add_option(names, value, help));
}

template Option Subcommand::add_option(const char*, std::string&, const std::string&);
template Option Subcommand::add_option(const char*, std::optional<std::string>&, const std::string&);
template Option Subcommand::add_option(const char*, std::vector<std::string>&, const std::string&);
template Option Subcommand::add_option(const char*, int&, const std::string&);
template Option Subcommand::add_option(const char*, std::uint32_t&, const std::string&);
template Option Subcommand::add_option(const char*, std::uint64_t&, const std::string&);
template Option Subcommand::add_option(const char*, double&, const std::string&);

Option Subcommand::add_number(const char* names, std::function<void(int)> set,
                              const std::vector<std::pair<std::string, int>>& words, const std::string& help) {
    std::vector<std::string> known;
    for (const auto& [word, number] : words)
        known.push_back(word);
    const std::map<std::string, int> meaning(words.begin(), words.end());
    auto* option = app_->add_option_function<std::string>(
        names, [set = std::move(set), meaning](const std::string& word) { set(meaning.at(word)); }, help);
    option->check(CLI::IsMember(std::move(known)));
    return Option(option);
}

void Subcommand::footer(const std::string& text) {
    app_->footer(text);
}

void Subcommand::callback(std::function<void()> work) {
    app_->callback(std::move(work));
}

bool Subcommand::has(const std::string& subcommand) const {
    return !app_->get_subcommands([&](const CLI::App* known) { return known->get_name() == subcommand; }).empty();
}

bool Subcommand::subcommand_chosen() const {
    return !app_->get_subcommands().empty();
}

CommandLine::CommandLine(const std::string& summary, const std::string& version, const std::string& footer)
    : app_(std::make_unique<CLI::App>(summary)) {
    app_->set_version_flag("--version", version);
    app_->footer(footer);
}

CommandLine::~CommandLine() = default;

Subcommand CommandLine::top() {
    return Subcommand(app_.get());
}

void CommandLine::require_subcommand() {
    app_->require_subcommand(1);
}

Result<std::optional<int>> CommandLine::parse(int argc, char** argv) {
    try {
        app_->parse(argc, argv);
    } catch (const CLI::Success& success) {
        // What the library prints itself, it does not look after.
        std::ostringstream text;
        const int status = app_->exit(success, text, text);
        print_text(text.str());
        return status;
    } catch (const CLI::ParseError& error) {
        return fail_usage(error.what());
    }
    return std::nullopt;
}

} // namespace copyscope
