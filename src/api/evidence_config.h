// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>

#include "api/evidence_assembly.h"
#include "api/object_reader.h"
#include "callvet/evidence.h"

namespace callvet {

/// What a configuration says of evidence: its section `evidence` (src/cli/README.md, "serve").
struct EvidenceConfig {
  EvidenceSetup setup;
  EvidenceWriterOptions writer;
  int64_t retention_days = 180;  // H-9; 0: for ever
};

/// Reads the section, whose reader is `reader`; problems become those of `reader`. Relative paths
/// count from `directory`. Opens nothing.
EvidenceConfig ReadEvidenceSection(ObjectReader& reader, const std::filesystem::path& directory);

}  // namespace callvet
