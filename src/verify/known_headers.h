// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "base/footprint.h"
#include "base/stripes.h"
#include "callvet/passport.h"

namespace callvet {

/// A JOSE header of a PASSporT that passed.
struct KnownHeader {
  JoseHeader header;
  /// The certificates of its signer and the answer of the chain cache for them, and what was read
  /// of all that. The addresses are compared, never read through.
  const void* bundle = nullptr;
  const void* chain = nullptr;
  Footprint footprint;
};

/// A JOSE header that is looked for: the first part of a token.
struct WantedHeader {
  std::string_view base64url;
  uint64_t hash = 0;
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

  /// Has the processor fetch what Find of `base64url` will read, and does not wait for it. It is
  /// borrowed.
  [[nodiscard]] WantedHeader Approach(std::string_view base64url) const;

  /// What was remembered of `base64url`, or nullptr. `approached` spares work if it is of the same
  /// bytes.
  [[nodiscard]] std::shared_ptr<const KnownHeader> Find(std::string_view base64url,
                                                        const WantedHeader& approached = {}) const;

  /// Remembers `known` of `base64url`, if need be in place of what was remembered of those bytes.
  /// Only of a PASSporT that passed.
  void Remember(std::string_view base64url, KnownHeader known);

 private:
  static constexpr size_t kMaxBytes = 512;  // longer ones are nobody's all day

  // In one piece, so that one address leads to all of it.
  struct Kept {
    KnownHeader known;
    size_t size = 0;
    std::array<char, kMaxBytes> base64url;
  };
  // Those whose hashes say that they stand here, the youngest first.
  struct alignas(kCacheLines) Bucket {
    std::array<uint64_t, 4> hashes{};
    std::array<std::shared_ptr<const Kept>, 4> kept;
  };
  struct alignas(kCacheLines) Table {
    std::mutex mutex;
    std::vector<Bucket> buckets;
  };

  mutable std::vector<Table> tables_;
};

}  // namespace callvet
