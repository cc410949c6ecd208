// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <type_traits>

#include "callvet/result.h"
#include "callvet/verdict.h"
#include "verify/checks.h"

namespace callvet {

/// The list of checks of one PASSporT while it is being filled. Every check begins as "not run".
class Trail {
 public:
  explicit Trail(Details details = Details::kAll) : details_(details) {}

  /// `detail` is a text, or a function that gives one and is called only if details are wanted of
  /// what passed.
  template <class Detail>
  void Pass(CheckId id, const Detail& detail) {
    Set(id, CheckOutcome::kPassed, detail);
  }
  /// Not applicable; `why` like that of Pass.
  template <class Detail>
  void Skip(CheckId id, const Detail& why) {
    Set(id, CheckOutcome::kNotApplicable, why);
  }
  void Fail(CheckId id, Failure failure);
  /// Whether a check failed for `reason`.
  [[nodiscard]] bool Has(Reason reason) const;

  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] CheckOutcome outcome(CheckId id) const { return checks_.outcome(IndexOf(id)); }
  [[nodiscard]] Reason reason(CheckId id) const { return checks_.reason(IndexOf(id)); }
  [[nodiscard]] Check at(CheckId id) const { return checks_[IndexOf(id)]; }
  /// The reason of the first failed check so far, in the order of CheckId; kNone if none failed.
  [[nodiscard]] Reason FirstReason() const;

  /// The checks and what they come to: kNone exactly if no check failed and none was left out,
  /// else the reason of the first failed one in the order of CheckId.
  void Finish(PassportVerdict& verdict) &&;

 private:
  static size_t IndexOf(CheckId id) { return static_cast<size_t>(id); }
  template <class Detail>
  void Set(CheckId id, CheckOutcome outcome, const Detail& detail) {
    checks_.SetOutcome(IndexOf(id), outcome);
    if (details_ != Details::kAll) {
      checks_.ClearDetail(IndexOf(id));
    } else if constexpr (std::is_invocable_v<const Detail&>) {
      checks_.SetDetail(IndexOf(id), detail());
    } else {
      checks_.SetDetail(IndexOf(id), std::string(detail));
    }
  }

  Details details_;
  CheckList checks_ = CheckList::NotRun();
  bool failed_ = false;
};

}  // namespace callvet
