// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/footprint.h"
#include "base/stripes.h"
#include "callvet/passport.h"

namespace callvet {

/// A JOSE header of a PASSporT that passed.
struct KnownHeader {
  std::string base64url;
  JoseHeader header;
  /// The certificates of its signer and the answer of the chain cache for them, and what was read
  /// of all that. The addresses are compared, never read through.
  const void* bundle = nullptr;
  const void* chain = nullptr;
  Footprint footprint;
};

/// JOSE headers of PASSporTs that passed, recognised by their bytes: a carrier signs with the same
/// one all day. It may only decline; what it gives is what JoseHeader::Parse gives for those bytes,
/// and whose x5u was found good by the options of the verifier that owns this.
///
/// Bounded: a header may be forgotten for another at any time. Thread-safe; threads that run at the
/// same time do not meet, since each processor has a table of its own.
class KnownHeaders {
 public:
  KnownHeaders();

  /// What was remembered of `base64url`, or nullptr. Has the processor fetch its footprint.
  [[nodiscard]] std::shared_ptr<const KnownHeader> Find(std::string_view base64url) const;

  /// Remembers `known`, if need be in place of what was remembered of those bytes. Only of a
  /// PASSporT that passed.
  void Remember(KnownHeader known);

 private:
  struct Slot {
    uint64_t hash = 0;
    std::shared_ptr<const KnownHeader> known;
  };
  // Those whose hashes say that they stand here, the youngest first.
  using Bucket = std::array<Slot, 4>;
  struct alignas(kCacheLines) Table {
    std::mutex mutex;
    std::vector<Bucket> buckets;
  };

  mutable std::vector<Table> tables_;
};

}  // namespace callvet
