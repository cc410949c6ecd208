// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <string>

#include "callvet/result.h"

namespace callvet {

/// A random UUID (version 4, lower-case) of RFC 4122, as for origid. Fails with kInternalError.
/// Thread-safe.
Result<std::string> RandomUuid();

/// The same for who needs very many: takes random bytes from OpenSSL for many at once, which costs
/// as much as for one. They are random but no secrets: those to come are in memory. Thread-safe.
class RandomUuids {
 public:
  Result<std::string> Next();

 private:
  std::mutex mutex_;
  std::array<uint8_t, 4096> bytes_{};
  size_t left_ = 0;  // of bytes_, at its beginning
};

}  // namespace callvet
