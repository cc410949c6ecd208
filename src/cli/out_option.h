// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <vector>

#include "callvet/result.h"

namespace callvet::cli {

/// Whether both name one file: by the same path, also of a file that is not there yet, or by
/// another one (links).
bool SameFile(const std::filesystem::path& a, const std::filesystem::path& b);

/// Whether --out may name `path`: a file that is not there yet, or a regular one, which is
/// replaced, and none of `kept`, whatever it is called. A link or a device would be replaced
/// itself. Fails with kParameterInvalid.
Result<void> CheckOut(const std::filesystem::path& path,
                      const std::vector<std::filesystem::path>& kept);

}  // namespace callvet::cli
