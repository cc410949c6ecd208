// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "callvet/result.h"

namespace callvet {

/// TNAuthorizationList of RFC 8226 9: what a certificate may sign for. A value; immutable use from
/// several threads is safe.
class TnAuthList {
 public:
  /// `count` telephone numbers from `start` on, all as long as `start`; `one` has count 1.
  /// Leading zeros are significant (B-3). `start` may hold # and * only when count is 1.
  struct Range {
    std::string start;
    uint64_t count = 1;
    bool operator==(const Range&) const = default;
  };

  /// An empty list, which authorizes nothing.
  TnAuthList() = default;

  /// Reads the DER of the extension's value. Strict (B-1 to B-3): EXPLICIT tags, IA5String, one
  /// entry or more, SPC not empty, numbers of 1 to 15 characters 0-9 # *, no roll-over of a range;
  /// malformed lists, which exist in production, are refused and never guessed at. Fails with
  /// kTnAuthListMalformed. Pure; thread-safe.
  static Result<TnAuthList> Parse(std::span<const uint8_t> der);

  /// Makes a list for issuing. Fails with kTnAuthListMalformed on what Parse would refuse.
  static Result<TnAuthList> Make(std::vector<std::string> spcs, std::vector<Range> ranges);

  /// The DER that Parse reads.
  [[nodiscard]] std::string Encode() const;

  [[nodiscard]] const std::vector<std::string>& spcs() const { return spcs_; }
  [[nodiscard]] const std::vector<Range>& ranges() const { return ranges_; }
  [[nodiscard]] bool empty() const { return spcs_.empty() && ranges_.empty(); }

  /// True if `tn` (canonical digits, no '+') is inside a `one` or `range` (B-6).
  [[nodiscard]] bool ContainsNumber(std::string_view tn) const;

  /// B-6: with an SPC the list covers numbers by data outside the certificate, so any number is
  /// accepted; a list of numbers alone must contain `tn`.
  [[nodiscard]] bool Authorizes(std::string_view tn) const;

  /// B-32: true if everything in `child` is in this list. A child range may be covered by several
  /// entries together. An SPC here covers any numbers of the child (proof of ownership is
  /// external), never another SPC.
  [[nodiscard]] bool Encompasses(const TnAuthList& child) const;

  /// The union of both (B-5: by value and by reference are additive).
  [[nodiscard]] TnAuthList Union(const TnAuthList& other) const;

  /// "SPC 997E; 12155550000 +10000": for people.
  [[nodiscard]] std::string ToText() const;

  bool operator==(const TnAuthList&) const = default;

 private:
  std::vector<std::string> spcs_;
  std::vector<Range> ranges_;
};

}  // namespace callvet
