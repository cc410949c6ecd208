// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <memory_resource>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "callvet/certificate_source.h"
#include "callvet/passport.h"
#include "callvet/result.h"
#include "callvet/telephone_number.h"
#include "pki/chain.h"
#include "pki/claim_constraints.h"

namespace callvet {

/// The TNAuthLists of a path, signer first: nullptr where a certificate has none. They are the
/// certificates' own, or stand in `united`.
struct PathTnAuthLists {
  std::pmr::vector<const TnAuthList*> of_path;
  std::vector<std::unique_ptr<const TnAuthList>> united;
};

/// The lists of `chain`, by value and by reference together (B-5). Only the signer must have one
/// (B-7): of_path.front() is not null. Lists by reference come from `source`. Fails with
/// kTnAuthListMissing, kTnAuthListMalformed or kTnAuthListNotAvailable. What it gives lives no
/// longer than `chain` and `memory`, of which it may take some. Thread-safe.
Result<PathTnAuthLists> CollectTnAuthLists(
    const VerifiedChain& chain, const CertificateSource& source, const Deadline& deadline,
    std::pmr::memory_resource* memory = std::pmr::get_default_resource());

/// B-32 along a path, from the anchor to the signer: each list must be encompassed by the nearest
/// one above it; certificates without a list set no limit of their own and lift none. Borrows the
/// lists.
class DelegationCheck {
 public:
  /// The list of the next certificate, or nullptr: whether it is within that above().
  bool Takes(const TnAuthList* list) {
    if (list == nullptr) return true;
    if (above_ != nullptr && !above_->Encompasses(*list)) return false;
    above_ = list;
    return true;
  }
  [[nodiscard]] const TnAuthList* above() const { return above_; }

 private:
  const TnAuthList* above_ = nullptr;
};

/// The same of a path's lists, signer first. Fails with kTnAuthListNotEncompassed. Pure.
Result<void> CheckDelegation(std::span<const TnAuthList* const> lists);

/// B-6: the signer's list covers `identity`, which is in canonical form by `plan` (may be null): a
/// number by Authorizes, a short code of the plan also with the country code in front, a URI only
/// by an SPC. Fails with kTnNotAuthorized. Pure.
Result<void> CheckAuthority(const TnAuthList& list, const PartyClaim& identity,
                            const DialPlan* plan);

/// B-21 to B-23: the claims keep to the signer's constraints. iat, orig and dest count as demanded
/// in any case. A value that is no string is compared by its deterministic JSON text (B-22). Fails
/// with kClaimRequired, kClaimValueNotPermitted or kClaimExcluded. Pure.
Result<void> CheckClaimConstraints(const ClaimConstraints& constraints, const JsonValue& payload);

}  // namespace callvet
