// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/stripes.h"
#include "callvet/passport.h"

namespace callvet {

/// JOSE headers of PASSporTs that passed, recognised by their bytes: a carrier signs with the same
/// one all day. It may only decline; what it gives is what JoseHeader::Parse gives for those bytes,
/// and whose x5u was found good by the options of the verifier that owns this.
///
/// Bounded: a header may be forgotten for another at any time. Thread-safe; threads that run at the
/// same time do not meet, since each processor has a table of its own.
class KnownHeaders {
 public:
  KnownHeaders();

  /// What was remembered of `base64url`, or nullptr.
  [[nodiscard]] std::shared_ptr<const JoseHeader> Find(std::string_view base64url) const;

  /// Remembers that `base64url` is `header`. Only of a PASSporT that passed.
  void Remember(std::string_view base64url, std::shared_ptr<const JoseHeader> header);

 private:
  struct Slot {
    std::string base64url;
    std::shared_ptr<const JoseHeader> header;
  };
  struct alignas(kCacheLines) Table {
    std::mutex mutex;
    std::vector<Slot> slots;
  };

  mutable std::vector<Table> tables_;
};

}  // namespace callvet
