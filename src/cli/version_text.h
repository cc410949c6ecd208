// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace callvet::cli {

/// The commit that was compiled: 40 hex digits, with "-modified" behind them if files differed from
/// it; "unknown" of a source that nobody's git knows. Written by commit.cmake.
std::string_view Commit();

/// What `callvet --version` prints: version and commit, then which code verifies signatures on this
/// processor, and the libraries that are loaded.
std::string VersionText();

}  // namespace callvet::cli
