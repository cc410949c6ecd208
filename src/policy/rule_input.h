// SPDX-License-Identifier: MIT
#pragma once

#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/short_memory.h"
#include "callvet/policy.h"
#include "callvet/result.h"
#include "policy/number_registry.h"
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

/// What the texts of a call are read as, each once. A value.
class CallParties {
 public:
  CallParties(const PolicyCallView& call, const DialPlan* plan, std::pmr::memory_resource* memory);

  /// Those of the call's texts, which have the same indices; nullptr if one cannot be read, or if
  /// the call has no From or Request-URI.
  [[nodiscard]] const Party* orig(size_t index) const { return At(index); }
  [[nodiscard]] const Party* dest(size_t index) const { return At(first_dest_ + index); }
  [[nodiscard]] const Party* from() const { return At(from_); }
  [[nodiscard]] const Party* request_uri() const { return At(request_uri_); }

 private:
  // Made where it stays: a Party is dear to move.
  struct Reading {
    Reading(std::string_view text, const DialPlan* plan) : party(Party::Parse(text, plan)) {}
    Result<Party> party;
  };

  [[nodiscard]] const Party* At(size_t index) const {
    const bool readable = index < readings_.size() && readings_[index].party;
    return readable ? &*readings_[index].party : nullptr;
  }

  std::pmr::vector<Reading> readings_;  // of orig, of dest, and what is none of their first
  size_t first_dest_;
  size_t from_;  // index into readings_; behind its end: none
  size_t request_uri_;
};

/// A caller's number with what rules ask of it, looked up once.
struct Caller {
  CallNumber number;
  std::optional<TableNumber> key;      // of `number`
  std::optional<NumberRights> rights;  // what the registry says of it, whenever that is valid
  bool assigned = false;               // `rights` are valid when the call is judged
  /// It is the one that the PASSporT was signed for. Another one may stand in From or in a second
  /// P-Asserted-Identity, for which nobody vouched.
  bool verified = false;

  /// Who holds it when the call is judged; "": nobody that is known.
  [[nodiscard]] std::string_view holder() const {
    return assigned ? rights->holder : std::string_view();
  }
};

/// Memory for what is read of a call: enough for one caller, called party, From and Request-URI.
using RuleMemory = ShortMemory<2048>;

/// One call, read once for all rules. Borrows policy, call, verdict and memory.
struct RuleInput {
  const Policy& policy;
  const TrunkSettings& settings;
  const PolicyCallView& call;
  const Verdict& verdict;
  CallParties parties;
  std::pmr::vector<Caller> callers;  // the numbers that call.orig and call.from show, each once
  std::vector<std::string_view> unreadable_callers = {};  // values of them that are no number
  bool caller_is_uri = false;  // a PASSporT was signed for a URI, and the trunk allows that
  /// Each number that Remote-Party-ID shows was verified; false if the call's is not known.
  bool remote_party_is_verified = false;
  /// SPCs of the signer, else of who delegated to it; only if the call is verified.
  std::span<const std::string> signers = {};
  /// Whether the signer's own certificate names an SPC; else it may show the verified number only.
  bool signer_has_spc = false;

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

  static RuleInput Read(const Policy& policy, const TrunkSettings& settings,
                        const PolicyCallView& call, const Verdict& verdict, RuleMemory& memory);

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
