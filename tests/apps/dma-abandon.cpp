// SPDX-License-Identifier: Apache-2.0
// COPY of /dev/copyscope by an engine that neither makes it in time nor can be stopped (tests/kmod/late_dma.c):
// whatever becomes of who asked for it, the memory is the engine's until its callback has come. Prints a line "ok NAME"
// or "FAIL NAME: why" for each check; status 1 if any failed.
//   copyscope-dma-abandon kept             both files stay open
//   copyscope-dma-abandon closed           nobody has the files any more
//   copyscope-dma-abandon held             the same, and "held" is said and a line read before the engine goes on
//   copyscope-dma-abandon async            nobody waits, and the files are closed meanwhile
//   copyscope-dma-abandon killed           who waits is killed
//   copyscope-dma-abandon gone             the engine is unregistered meanwhile
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>
#include <sys/wait.h>

#include "contract/check.h"
#include "dma.h"

namespace {

using namespace contract;

constexpr std::size_t bytes = 4 * dma::page;

void set(const std::string& module, const std::string& name, unsigned value) {
    std::ofstream file("/sys/module/" + module + "/parameters/" + name);
    check(name + " is " + std::to_string(value), static_cast<bool>(file << value << std::flush), "cannot be written");
}
void hold(bool yes) {
    set("late_dma", "hold", yes);
}
bool is_issued() {
    return eventually([] {
        unsigned issued = 0;
        std::ifstream("/sys/module/late_dma/parameters/issued") >> issued;
        return issued == 1;
    });
}
std::uint64_t total() {
    return dma::info().total_bytes;
}
void nothing_left() {
    eventually([] { return total() == 0; });
    equal("then no buffer is left", total(), 0);
}

// Two buffers, the device's; the first page of `from` is to be copied to `to`.
struct Scene {
    dma::File to = dma::buffer(bytes), from = dma::buffer(bytes);
    Scene() {
        const std::string text(bytes, 'f');
        check("two buffers", pwrite(from, text.data(), bytes, 0) == static_cast<ssize_t>(bytes), "none");
        dma::for_device(to, 0, bytes);
        dma::for_device(from, 0, bytes);
    }
    copyscope_dma_copy request(std::uint32_t flags = 0) const {
        auto in = dma::a_copy(0, 0, dma::page, from);
        in.copier = COPYSCOPE_DMA_BY_ENGINE;
        in.flags = flags;
        return in;
    }
    void late() const {
        auto in = request();
        answers("COPY by an engine that is late", dma::copy(to, in), ETIMEDOUT);
        equal("copied", in.copied, 0);
    }
    void close() {
        to.shut();
        from.shut();
    }
};

void as_good_as_before() {
    set("copyscope", "engine_timeout_ms", 60000);
    const Scene scene;
    auto in = scene.request();
    answers("the engine is as good as before", dma::copy(scene.to, in), 0);
    equal("and copies all", in.copied, dma::page);
}

void kept() {
    const Scene scene, other;
    scene.late();
    answers("SYNC of what it may yet write to", dma::for_cpu(scene.to, 0, bytes), EBUSY);
    answers("SYNC of what it may yet read from", dma::for_cpu(scene.from, 0, bytes), EBUSY);
    auto in = other.request();
    answers("another COPY meanwhile", dma::copy(other.to, in), ETIMEDOUT);
    answers("SYNC of what it never had", dma::for_cpu(other.to, 0, bytes), 0);
    check("INFO names it still", dma::info().engine[0], "no engine");
    hold(false);
    check("SYNC when it has ended", eventually([&] { return dma::for_cpu(scene.to, 0, bytes) == 0; }), "EBUSY");
    answers("SYNC of the source", dma::for_cpu(scene.from, 0, bytes), 0);
    char last[2] = {};
    equal("a read of both sides of its end", pread(scene.to, last, 2, dma::page - 1), 2);
    check("what it wrote late is in the buffer", last[0] == 'f' && !last[1], "other bytes");
    as_good_as_before();
}

void closed(bool wait) {
    Scene scene;
    scene.late();
    scene.close();
    equal("the files are closed, the memory is kept", total(), 2 * bytes);
    if (wait) {
        line("held");
        static_cast<void>(std::getchar());
    }
    hold(false);
    nothing_left();
    as_good_as_before();
}

void async() {
    Scene scene;
    auto in = scene.request(COPYSCOPE_DMA_COPY_ASYNC);
    answers("COPY, ASYNC", dma::copy(scene.to, in), 0);
    check("it is under way", is_issued(), "it is not");
    scene.close();
    equal("the files are closed, the memory is kept", total(), 2 * bytes);
    hold(false);
    nothing_left();
    as_good_as_before();
}

void killed() {
    set("copyscope", "engine_timeout_ms", 600000);
    const pid_t pid = fork();
    if (pid == 0) {
        const Scene scene;
        auto in = scene.request();
        _exit(dma::copy(scene.to, in));
    }
    check("it is under way", is_issued(), "it is not");
    kill(pid, SIGKILL);
    int status = 0;
    waitpid(pid, &status, 0); // hangs if it is not to be killed
    check("who waits is killed", WIFSIGNALED(status), std::to_string(status));
    equal("and the memory is kept", total(), 2 * bytes);
    hold(false);
    nothing_left();
    as_good_as_before();
}

void gone() {
    Scene scene, other;
    scene.late();
    set("late_dma", "gone", 1);
    scene.close();
    equal("the engine is gone, the memory is kept", total(), 4 * bytes);
    auto in = other.request();
    answers("COPY meanwhile", dma::copy(other.to, in), ETIMEDOUT);
    hold(false);
    check("then there is no engine", eventually([&] { return dma::copy(other.to, in) == EOPNOTSUPP; }), "there is");
    other.close();
    nothing_left();
}

} // namespace

int main(int argc, char** argv) {
    group = argc > 1 ? argv[1] : "";
    set("copyscope", "engine_timeout_ms", 100);
    hold(true);
    if (group == "kept")
        kept();
    else if (group == "closed" || group == "held")
        closed(group == "held");
    else if (group == "async")
        async();
    else if (group == "killed")
        killed();
    else if (group == "gone")
        gone();
    else
        return std::cerr << "copyscope-dma-abandon: which? See the head of tests/apps/dma-abandon.cpp\n", 2;
    return failures != 0;
}
