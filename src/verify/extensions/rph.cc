// SPDX-License-Identifier: MIT
#include "verify/extensions/rph.h"

#include <algorithm>

#include "base/text.h"

namespace callvet {
namespace {

bool Contains(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

// The r-values of the call, lower-case; what is none is kept as it stands, so that it is never
// covered.
std::vector<std::string> ResourceValues(const Call& call) {
  std::vector<std::string> values;
  for (const std::string& field : call.request.resource_priority) {
    for (const std::string_view value : SplitHeaderValues(field)) {
      values.push_back(ToLower(Trim(value)));
    }
  }
  return values;
}

std::string ListText(const std::vector<std::string>& values) {
  std::string text;
  for (const std::string& value : values) text += (text.empty() ? "" : ", ") + Quote(value);
  return text.empty() ? "nothing" : text;
}

// Of the rph PASSporTs that failed the one of the highest rank; nothing if all passed.
const JudgedRph* WorstOf(std::span<const JudgedRph> passports) {
  const JudgedRph* worst = nullptr;
  for (const JudgedRph& passport : passports) {
    if (passport.reason == Reason::kNone) continue;
    if (worst == nullptr || Info(passport.reason).rank > Info(worst->reason).rank) {
      worst = &passport;
    }
  }
  return worst;
}

}  // namespace

void CheckRph(const RphClaim& claim, const Call& call, Trail& trail) {
  const auto values = ResourceValues(call);
  for (const std::string& signed_value : claim.auth) {
    if (Contains(values, signed_value)) continue;
    trail.Fail(CheckId::kRph,
               Fail(Reason::kRphMismatch, "rph signs " + Quote(signed_value) +
                                              ", Resource-Priority says " + ListText(values)));
    return;
  }
  const std::string priority = ToLower(Trim(call.request.priority.value_or("")));
  if (claim.sph && priority != *claim.sph) {
    trail.Fail(CheckId::kRph, Fail(Reason::kSphInvalid, "sph is " + Quote(*claim.sph) +
                                                            ", Priority is " + Quote(priority)));
    return;
  }
  trail.Pass(CheckId::kRph, [&] { return "Resource-Priority has " + ListText(claim.auth); });
}

Result<void> CheckRphAuthority(const RphClaim& claim, const std::vector<std::string>& spcs,
                               const std::vector<RphSigner>& signers) {
  if (signers.empty()) return {};
  for (const std::string& value : claim.auth) {
    const std::string_view name_space = std::string_view(value).substr(0, value.find('.'));
    const bool may = std::any_of(signers.begin(), signers.end(), [&](const RphSigner& signer) {
      return signer.name_space == name_space &&
             std::any_of(spcs.begin(), spcs.end(),
                         [&](const std::string& spc) { return Contains(signer.spcs, spc); });
    });
    if (!may) {
      return Fail(Reason::kRphNotAuthorized,
                  "the signer may not sign " + Quote(name_space) + " (" + ListText(spcs) + ")");
    }
  }
  return {};
}

std::optional<PriorityVerdict> JudgePriority(const Call& call,
                                             std::span<const JudgedRph> passports) {
  PriorityVerdict verdict;
  verdict.values = ResourceValues(call);
  if (passports.empty() && verdict.values.empty()) return std::nullopt;
  if (passports.empty()) {
    verdict.status = PriorityVerdict::Status::kNoValidation;
    verdict.reason = Reason::kNoIdentity;
    return verdict;
  }
  std::vector<std::string> covered;
  for (const JudgedRph& passport : passports) {
    if (passport.reason != Reason::kNone || passport.claim == nullptr) continue;
    covered.insert(covered.end(), passport.claim->auth.begin(), passport.claim->auth.end());
    if (!verdict.decided_by) verdict.decided_by = passport.passport;
    if (passport.claim->sph) verdict.sph = passport.claim->sph;
  }
  if (!covered.empty() &&
      std::all_of(verdict.values.begin(), verdict.values.end(),
                  [&](const std::string& value) { return Contains(covered, value); })) {
    verdict.status = PriorityVerdict::Status::kPassed;
    verdict.reason = Reason::kNone;
    return verdict;
  }
  verdict.sph.reset();
  const JudgedRph* worst = WorstOf(passports);
  verdict.reason = worst != nullptr ? worst->reason : Reason::kRphMismatch;
  if (worst != nullptr) verdict.decided_by = worst->passport;
  return verdict;
}

}  // namespace callvet
