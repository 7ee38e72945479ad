// SPDX-License-Identifier: Apache-2.0
// The metrics as a file for the textfile collector of node_exporter, which reads all *.prom of one folder.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace copyscope {

// Whether the metrics can be written to that path: absolute, in a folder that exists, and ending in ".prom", because
// node_exporter reads no others.
Status check_textfile(const std::string& path);

// Replaces the file, mode 0644, so that a reader sees either the old text or the new one, whole. On error the old file
// stays. Writes beside it, to PATH.tmp, which node_exporter does not read; one writer at a time.
Status write_textfile(const std::string& path, std::string_view text);

} // namespace copyscope
