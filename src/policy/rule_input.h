// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "callvet/policy.h"
#include "policy/policy_data.h"
#include "policy/table_number.h"
#include "syntax/party.h"

namespace callvet {

/// What a rule found. `irregular` is set by CheckCallerRegular and
/// CheckOtherNumbers only.
struct Finding {
  RuleStep::Outcome outcome = RuleStep::Outcome::kNotApplicable;
  Reason reason = Reason::kNone;
  std::string detail;
  std::optional<IrregularCaller> irregular;

  static Finding Broken(Reason reason, std::string detail) {
    return {RuleStep::Outcome::kBroken, reason, std::move(detail), std::nullopt};
  }
};

/// One call, read once for all rules. Borrows policy, call and verdict.
struct RuleInput {
  const Policy& policy;
  const TrunkSettings& settings;
  const PolicyCall& call;
  const Verdict& verdict;
  std::vector<CallNumber> callers;  // the numbers that call.orig and call.from show, each once
  std::vector<std::string> unreadable_callers;  // values of them that are no number
  bool caller_is_uri = false;       // a PASSporT was signed for a URI, and the trunk allows that
  std::vector<CallNumber> callees;  // of dest and the request's URI, each once
  std::vector<std::string> unreadable_callees;  // what is no number among them
  std::vector<CallNumber> verified;  // those of `callers` that the PASSporT was signed for
  /// Each number that Remote-Party-ID shows was verified; false if the call's is not known.
  bool remote_party_is_verified = false;
  /// SPCs of the signer, else of who delegated to it; only if the call is verified.
  std::vector<std::string> signers;
  /// Whether the signer's own certificate names an SPC; else it may show the verified number only.
  bool signer_has_spc = false;
  /// What the texts of call are read as, each once.
  std::map<std::string_view, std::optional<Party>> parties;

  /// The party that `text`, which is one of call's orig, from, dest or request_uri, is; nullptr if
  /// it cannot be read.
  [[nodiscard]] const Party* PartyOf(std::string_view text) const;

  /// Whether `number`, one of `callers`, is the one that the PASSporT was signed for. Another one
  /// may stand in From or in a second P-Asserted-Identity, for which nobody vouched.
  [[nodiscard]] bool IsVerified(const CallNumber& number) const;

  /// Findings of rules that are not broken. `detail` is a text, or a function that gives one and is
  /// called only if such details are wanted.
  template <class Detail>
  [[nodiscard]] Finding Held(const Detail& detail) const {
    return {RuleStep::Outcome::kHeld, Reason::kNone, TextOf(detail), std::nullopt};
  }
  template <class Detail>
  [[nodiscard]] Finding NotApplicable(const Detail& detail) const {
    return {RuleStep::Outcome::kNotApplicable, Reason::kNone, TextOf(detail), std::nullopt};
  }

  static RuleInput Read(const Policy& policy, const TrunkSettings& settings, const PolicyCall& call,
                        const Verdict& verdict);

 private:
  template <class Detail>
  [[nodiscard]] std::string TextOf(const Detail& detail) const {
    if (call.details != Details::kAll) return {};
    if constexpr (std::is_invocable_v<const Detail&>) {
      return detail();
    } else {
      return detail;
    }
  }
};

/// Whether `count` digits follow one another in `text`.
bool HasDigits(std::string_view text, size_t count);

}  // namespace callvet
