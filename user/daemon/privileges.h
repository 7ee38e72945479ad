// SPDX-License-Identifier: Apache-2.0
// What the daemon may do, and giving it up. Only attaching takes privileges: reading maps needs no more than their
// descriptors (kernel/bpf/syscall.c:__sys_bpf asks for capabilities to create maps and load programs).
#pragma once

#include <optional>
#include <string>
#include <sys/types.h>

#include "base/result.h"

namespace copyscope {

struct Person {
    std::string name;
    uid_t uid = 0;
    gid_t gid = 0;
};

// Whom a daemon that runs as root becomes; empty: it does not run as root, or the name is empty or unknown here.
std::optional<Person> find_person(const std::string& name);

// This thread, and those that it starts from now on, become that person (empty: stay who they are) without any
// capability and without a way to gain one. The other threads keep what they have: attaching takes seconds, and
// nothing that serves may wait for it.
Status give_up_privileges(const std::optional<Person>& person);

// The folder of a file the daemon writes, made for its owner if it is missing (its parent must be there). One that is
// there already stays as it is: it may be anybody's.
Status prepare_folder(const std::string& file, mode_t mode, const std::optional<Person>& owner);

} // namespace copyscope
