// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "api/assembly.h"
#include "api/object_reader.h"

// The parts of a configuration that every long-lived verifier has, whatever is around it: the
// sections `trust`, `certificates` and `verification` (src/cli/README.md, "serve").

namespace callvet {

/// Reads the three sections of `root` into `setup` and `deadline` (deadline_ms); problems become
/// those of `root`. Relative paths count from `directory`. Downloads are on unless the text says
/// otherwise. Reads no other file.
void ReadVerifierSections(ObjectReader& root, const std::filesystem::path& directory,
                          VerifierSetup& setup, std::chrono::milliseconds& deadline);

/// One sentence for each switch that weakens `setup`, to be logged at start.
std::vector<std::string> InsecureVerifierSettings(const VerifierSetup& setup);

}  // namespace callvet
