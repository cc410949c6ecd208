// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

#include "api/object_reader.h"
#include "callvet/rotation.h"

namespace callvet {

/// What a configuration says of caller pools: its section `pools` (src/cli/README.md, "serve").
struct PoolConfig {
  PoolOptions options;
  std::filesystem::path hash_key;        // "": a random one
  std::filesystem::path redis_password;  // "": none
};

/// Reads the section, whose reader is `reader`; problems become those of `reader`. Relative paths
/// count from `directory`. Opens nothing.
PoolConfig ReadPoolSection(ObjectReader& reader, const std::filesystem::path& directory);

/// The counters that `config` describes. Fails like CallerPools::Make, with kFileUnreadable, and
/// with kKeyInvalid for a key that is not 32 hexadecimal digits or that others may read.
Result<std::shared_ptr<CallerPools>> MakeCallerPools(const PoolConfig& config);

}  // namespace callvet
