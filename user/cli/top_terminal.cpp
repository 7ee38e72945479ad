// SPDX-License-Identifier: Apache-2.0
// See top_terminal.h.
#include "cli/top_terminal.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <unistd.h>

#include "report/layout.h"

// Behind ours: their macros have everyday names.
#include <curses.h>
#include <term.h>

namespace copyscope {

struct TopTerminal::Library {
    SCREEN* screen = nullptr;
    std::array<attr_t, 10> attributes{}; // by Style

    ~Library() {
        if (!screen)
            return;
        endwin();
        delscreen(screen);
    }
};

namespace {

constexpr int escape_ms = 50; // longer between the bytes of one key, and it is the Esc key and others

std::string name_of_terminal() {
    const char* name = std::getenv("TERM");
    return name ? name : "";
}

std::size_t index_of(Style style) {
    return static_cast<std::size_t>(style);
}

// Without colours the styles differ by what every terminal has.
std::array<attr_t, 10> attributes() {
    std::array<attr_t, 10> result{};
    result[index_of(Style::strong)] = A_BOLD;
    result[index_of(Style::alarm)] = A_BOLD | A_REVERSE;
    result[index_of(Style::warning)] = A_BOLD;
    result[index_of(Style::heading)] = A_REVERSE;
    result[index_of(Style::sorted)] = A_REVERSE | A_BOLD;
    result[index_of(Style::selected)] = A_REVERSE;
    result[index_of(Style::label)] = A_REVERSE;
    if (!has_colors() || std::getenv("NO_COLOR"))
        return result;
    start_color();
    use_default_colors();
    short next = 1;
    const auto paint = [&](Style style, short text, short ground, attr_t more = A_NORMAL) {
        init_pair(next, text, ground);
        result[index_of(style)] = static_cast<attr_t>(COLOR_PAIR(next++)) | more;
    };
    paint(Style::faint, COLOR_CYAN, -1);
    paint(Style::alarm, COLOR_RED, -1, A_BOLD);
    paint(Style::warning, COLOR_YELLOW, -1, A_BOLD);
    paint(Style::heading, COLOR_BLACK, COLOR_GREEN);
    paint(Style::sorted, COLOR_BLACK, COLOR_CYAN);
    paint(Style::selected, COLOR_BLACK, COLOR_CYAN);
    paint(Style::label, COLOR_BLACK, COLOR_CYAN);
    return result;
}

TopInput input_of(int key) {
    switch (key) {
    case KEY_UP:
        return {TopKey::up};
    case KEY_DOWN:
        return {TopKey::down};
    case KEY_LEFT:
        return {TopKey::left};
    case KEY_RIGHT:
        return {TopKey::right};
    case KEY_PPAGE:
        return {TopKey::page_up};
    case KEY_NPAGE:
        return {TopKey::page_down};
    case KEY_HOME:
        return {TopKey::home};
    case KEY_END:
        return {TopKey::end};
    case KEY_ENTER:
    case '\r':
    case '\n':
        return {TopKey::enter};
    case KEY_BACKSPACE:
    case '\b':
    case 0x7f:
        return {TopKey::backspace};
    case 0x1b:
        return {TopKey::escape};
    case KEY_F(1):
        return {TopKey::f1};
    case KEY_F(3):
        return {TopKey::f3};
    case KEY_F(4):
        return {TopKey::f4};
    case KEY_F(5):
        return {TopKey::f5};
    case KEY_F(6):
        return {TopKey::f6};
    case KEY_F(10):
        return {TopKey::f10};
    case 'L' - '@': // Ctrl-L, as everywhere: what another program wrote over us goes away
        clearok(curscr, TRUE);
        return {};
    }
    return key >= ' ' && key <= '~' ? TopInput{TopKey::character, static_cast<char>(key)} : TopInput{};
}

} // namespace

TopTerminal::TopTerminal(std::unique_ptr<Library> library) : library_(std::move(library)) {}

TopTerminal::~TopTerminal() = default;

// What newterm() would do without: ends the program, or draws nonsense.
Status TopTerminal::check() {
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return fail_usage("top needs a terminal on standard input and output; --batch prints instead");
    const auto name = name_of_terminal();
    if (name.empty())
        return fail(
            "TERM is not set, so nobody knows how to draw on this terminal: set it (TERM=xterm), or use --batch");
    int why = 0;
    if (setupterm(name.c_str(), STDOUT_FILENO, &why) != OK)
        return fail(why < 0 ? "there is no terminfo database: install ncurses-base, or use --batch"
                            : "the terminal '" + printable(name) +
                                  "' (TERM) is unknown here: set TERM to one that is known (xterm), or use --batch");
    char name_cup[] = "cup", name_clear[] = "clear";
    const auto capable = [](char* capability) {
        const char* text = tigetstr(capability);
        return text && text != reinterpret_cast<char*>(-1);
    };
    const bool can = capable(name_cup) && capable(name_clear);
    del_curterm(cur_term);
    if (!can)
        return fail("the terminal '" + printable(name) +
                    "' (TERM) cannot be drawn on: set TERM to what it really is, or use --batch");
    return {};
}

Result<std::unique_ptr<TopTerminal>> TopTerminal::open() {
    TRY(check());
    auto library = std::make_unique<Library>();
    library->screen = newterm(nullptr, stdout, stdin); // initscr() would end the program where this fails
    if (!library->screen)
        return fail("the terminal '" + printable(name_of_terminal()) + "' (TERM) cannot be drawn on: use --batch");
    set_escdelay(escape_ms);
    cbreak(); // Ctrl-C stays a signal
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    curs_set(0);
    library->attributes = attributes();
    return std::unique_ptr<TopTerminal>(new TopTerminal(std::move(library)));
}

std::size_t TopTerminal::width() const {
    return static_cast<std::size_t>(std::max(0, getmaxx(stdscr)));
}

std::size_t TopTerminal::height() const {
    return static_cast<std::size_t>(std::max(0, getmaxy(stdscr)));
}

void TopTerminal::draw(const Screen& screen) {
    erase();
    for (std::size_t y = 0; y < screen.size(); y++) {
        ::move(static_cast<int>(y), 0);
        for (const StyledText& span : screen[y]) {
            attrset(static_cast<int>(library_->attributes[index_of(span.style)]));
            addnstr(span.text.data(), static_cast<int>(span.text.size()));
        }
    }
    attrset(A_NORMAL);
    refresh();
}

TopInput TopTerminal::read(std::optional<SteadyTime> until) {
    // What has been read but not asked for stands in the library's queue, where no poll() sees it.
    int key = getch();
    if (key == ERR) {
        const short events = interruptible_.wait(STDIN_FILENO, until);
        key = getch();
        // Readable without a byte to read is the end of the file.
        gone_ = events & (POLLHUP | POLLERR | POLLNVAL) || (events & POLLIN && key == ERR);
    }
    return key == ERR || key == KEY_RESIZE ? TopInput{} : input_of(key);
}

} // namespace copyscope
