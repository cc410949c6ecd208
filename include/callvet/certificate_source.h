// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "callvet/result.h"
#include "callvet/tn_auth_list.h"

namespace callvet {

class Certificate;
class Deadline;
class Footprint;
using CertificateBundle = std::vector<Certificate>;

/// Where the verifier gets the certificates that an x5u names. Implementations are thread-safe,
/// keep to the deadline, and never throw. Nothing that they give is trusted: the verifier validates
/// it.
class CertificateSource {
 public:
  virtual ~CertificateSource() = default;

  /// The certificates at `x5u`, not empty. The verifier asks only for a URL of the form that C-20
  /// allows, of a PASSporT whose cheap checks all passed. Fails with a Reason of class kUndecided
  /// (436), or kCertificateMalformed or kChainTooLong (437).
  [[nodiscard]] virtual Result<std::shared_ptr<const CertificateBundle>> Get(
      std::string_view x5u, const Deadline& deadline) const = 0;

  /// Whether Get would answer for `x5u` without waiting, be it by a failure. The verifier takes the
  /// PASSporTs of a call first for which it does, so that a host that does not answer spoils none
  /// whose certificate is there; a wrong answer costs that order and nothing else. Sources
  /// without I/O never wait.
  [[nodiscard]] virtual bool IsAtHand(std::string_view x5u) const;

  /// The TNAuthList that a certificate names by reference (RFC 8226 9, B-4). Fails with
  /// kTnAuthListNotAvailable or kTnAuthListMalformed. Sources without I/O have none.
  [[nodiscard]] virtual Result<TnAuthList> GetTnAuthList(std::string_view url,
                                                         const Deadline& deadline) const;

  /// Adds where in memory that stands which Get of `x5u` would read, so that it can be asked for
  /// ahead: a hint, which changes no answer. For sources of this library; by default nothing.
  virtual void AddTo(std::string_view x5u, Footprint& footprint) const;
};

}  // namespace callvet
