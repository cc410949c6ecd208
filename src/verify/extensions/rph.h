// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "callvet/verdict.h"
#include "syntax/extension_claims.h"
#include "verify/call.h"
#include "verify/trail.h"

// Resource-Priority (RFC 8443) and emergency call-backs (RFC 9027). Pure; thread-safe.

namespace callvet {

/// kRph (F-10, F-12): every signed value is one of the call's Resource-Priority, and sph is what
/// the Priority header says. Fails with kRphMismatch, kSphInvalid.
void CheckRph(const RphClaim& claim, const Call& call, Trail& trail);

/// F-10: a signer with these SPCs may sign the namespaces of `claim`. Fails with kRphNotAuthorized.
Result<void> CheckRphAuthority(const RphClaim& claim, const std::vector<std::string>& spcs,
                               const std::vector<RphSigner>& signers);

/// An rph PASSporT of the call, judged.
struct JudgedRph {
  size_t passport = 0;
  Reason reason = Reason::kInternalError;
  const RphClaim* claim = nullptr;  // nullptr if it could not be read
};

/// F-11, F-13: what the rph PASSporTs say of the call's Resource-Priority. Passed if each of its
/// values was signed in one that passed; so several may share them.
std::optional<PriorityVerdict> JudgePriority(const Call& call,
                                             std::span<const JudgedRph> passports);

}  // namespace callvet
