// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "callvet/result.h"
#include "callvet/verdict.h"
#include "verify/checks.h"

namespace callvet {

/// The list of checks of one PASSporT while it is being filled. Every check begins as "not run".
class Trail {
 public:
  Trail();

  void Pass(CheckId id, std::string detail);
  void Skip(CheckId id, std::string why);  // not applicable
  void Fail(CheckId id, Failure failure);

  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] const Check& at(CheckId id) const { return checks_[static_cast<size_t>(id)]; }
  /// The reason of the first failed check so far, in the order of CheckId; kNone if none failed.
  [[nodiscard]] Reason FirstReason() const;

  /// The checks and what they come to: kNone exactly if no check failed and none was left out,
  /// else the reason of the first failed one in the order of CheckId.
  void Finish(PassportVerdict& verdict) &&;

 private:
  Check& At(CheckId id) { return checks_[static_cast<size_t>(id)]; }
  std::vector<Check> checks_;
  bool failed_ = false;
};

}  // namespace callvet
