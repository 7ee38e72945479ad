// SPDX-License-Identifier: Apache-2.0
// See privileges.h.
#include "daemon/privileges.h"

#include <filesystem>
#include <pwd.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace copyscope {

std::optional<Person> find_person(const std::string& name) {
    if (geteuid() != 0 || name.empty())
        return {};
    const passwd* entry = getpwnam(name.c_str());
    if (!entry)
        return {};
    return Person{name, entry->pw_uid, entry->pw_gid};
}

// The system calls themselves: glibc's functions would change every thread of the process (nptl(7)).
Status give_up_privileges(const std::optional<Person>& person) {
    if (person) {
        if (syscall(SYS_setgroups, 0, nullptr) || syscall(SYS_setresgid, person->gid, person->gid, person->gid) ||
            syscall(SYS_setresuid, person->uid, person->uid, person->uid))
            return fail_errno("cannot become user " + person->name);
    }
    cap_t none = cap_init();
    const bool dropped = none && cap_set_proc(none) == 0; // of the calling thread
    const int number = errno;
    cap_free(none);
    if (!dropped)
        return fail_errno("cannot drop capabilities", number);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return fail_errno("cannot set no_new_privs");
    return {};
}

Status prepare_folder(const std::string& file, mode_t mode, const std::optional<Person>& owner) {
    const auto folder = std::filesystem::path(file).parent_path().string();
    if (mkdir(folder.c_str(), mode))
        return errno == EEXIST ? Status{} : fail_errno("cannot make the folder " + folder);
    if (chmod(folder.c_str(), mode)) // mkdir's was masked
        return fail_errno("cannot set the mode of " + folder);
    if (owner && lchown(folder.c_str(), owner->uid, owner->gid))
        return fail_errno("cannot give the folder " + folder + " to " + owner->name);
    return {};
}

} // namespace copyscope
