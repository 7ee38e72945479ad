// SPDX-License-Identifier: Apache-2.0
// The terminal of `copyscope top`: draws screens, reads keys. The only user of ncurses; knows nothing of what is shown.
// The destructor gives the terminal back as it was. Not thread-safe; one at a time.
#pragma once

#include <memory>

#include "base/result.h"
#include "cli/interruptible.h"
#include "report/screen.h"
#include "report/top_view.h"

namespace copyscope {

class TopTerminal {
public:
    // Fails with the remedy where standard input and output are no terminal, or one of a kind that cannot be drawn on.
    static Status check();

    // Takes over standard input and output, if check() has nothing against it.
    static Result<std::unique_ptr<TopTerminal>> open();
    ~TopTerminal();
    TopTerminal(const TopTerminal&) = delete;
    TopTerminal& operator=(const TopTerminal&) = delete;

    std::size_t width() const;
    std::size_t height() const;
    void draw(const Screen& screen);

    // The next key, or TopKey::none: a signal was handled (the size may be another one), or the time has come.
    TopInput read(std::optional<SteadyTime> until);

    bool gone() const { return gone_; } // hung up: nobody is looking any more

private:
    struct Library;
    explicit TopTerminal(std::unique_ptr<Library> library);

    Interruptible interruptible_;
    std::unique_ptr<Library> library_;
    bool gone_ = false;
};

} // namespace copyscope
