// SPDX-License-Identifier: Apache-2.0
#include "probe/kernel_functions.h"

#include <cstdio>
#include <cstring>
#include <linux/btf.h>
#include <memory>
#include <string_view>
#include <sys/stat.h>
#include <unordered_set>

namespace copyscope {
namespace {

Result<std::string> read_file(const std::string& path) {
    const std::unique_ptr<FILE, decltype(&std::fclose)> file(std::fopen(path.c_str(), "re"), std::fclose);
    struct stat status {};
    if (!file || fstat(fileno(file.get()), &status))
        return fail_errno("cannot open " + path);
    std::string bytes; // millions of them: not set to zero first
    bytes.resize_and_overwrite(static_cast<std::size_t>(status.st_size),
                               [&](char* data, std::size_t size) { return std::fread(data, 1, size, file.get()); });
    return bytes;
}

// What follows the twelve bytes that every type has. Negative: a kind that is not known here.
long bytes_behind(std::uint32_t info) {
    const long members = BTF_INFO_VLEN(info);
    switch (BTF_INFO_KIND(info)) {
    case BTF_KIND_INT:
        return sizeof(std::uint32_t);
    case BTF_KIND_ARRAY:
        return sizeof(btf_array);
    case BTF_KIND_STRUCT:
    case BTF_KIND_UNION:
        return members * static_cast<long>(sizeof(btf_member));
    case BTF_KIND_ENUM:
        return members * static_cast<long>(sizeof(btf_enum));
    case BTF_KIND_ENUM64:
        return members * static_cast<long>(sizeof(btf_enum64));
    case BTF_KIND_FUNC_PROTO:
        return members * static_cast<long>(sizeof(btf_param));
    case BTF_KIND_VAR:
        return sizeof(btf_var);
    case BTF_KIND_DATASEC:
        return members * static_cast<long>(sizeof(btf_var_secinfo));
    case BTF_KIND_DECL_TAG:
        return sizeof(btf_decl_tag);
    case BTF_KIND_PTR:
    case BTF_KIND_FWD:
    case BTF_KIND_TYPEDEF:
    case BTF_KIND_VOLATILE:
    case BTF_KIND_CONST:
    case BTF_KIND_RESTRICT:
    case BTF_KIND_FUNC:
    case BTF_KIND_FLOAT:
    case BTF_KIND_TYPE_TAG:
        return 0;
    }
    return -1;
}

// A part of the file; empty if it does not lie in it.
std::string_view section(std::string_view file, const btf_header& header, std::uint32_t offset, std::uint32_t length) {
    const auto begin = std::uint64_t{header.hdr_len} + offset;
    return begin + length <= file.size() ? file.substr(begin, length) : std::string_view();
}

} // namespace

Result<KernelFunctions> read_kernel_functions(const std::string& path, std::span<const std::string> asked) {
    const auto file = TRY(read_file(path));
    btf_header header{};
    if (file.size() >= sizeof(header))
        std::memcpy(&header, file.data(), sizeof(header));
    const auto types = section(file, header, header.type_off, header.type_len);
    const auto names = section(file, header, header.str_off, header.str_len);
    if (header.magic != BTF_MAGIC || types.empty() || names.empty() || names.back() != '\0')
        return fail(path + " is no BTF");

    const std::unordered_set<std::string_view> wanted(asked.begin(), asked.end());
    KernelFunctions functions;
    std::uint32_t id = 1;
    for (std::size_t at = 0; at + sizeof(btf_type) <= types.size(); ++id) {
        btf_type type;
        std::memcpy(&type, types.data() + at, sizeof(type));
        const long behind = bytes_behind(type.info);
        if (behind < 0 || type.name_off >= names.size())
            return fail(path + " is BTF of a form that is not known here");
        at += sizeof(type) + static_cast<std::size_t>(behind);
        const auto kind = BTF_INFO_KIND(type.info);
        if (kind != BTF_KIND_FUNC && kind != BTF_KIND_TYPEDEF) // the types of tracepoints
            continue;
        const char* name = names.data() + type.name_off;
        if (wanted.contains(name))
            functions.emplace(name, id);
    }
    return functions;
}

} // namespace copyscope
