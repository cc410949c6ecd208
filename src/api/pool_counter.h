// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "callvet/policy.h"
#include "callvet/rotation.h"
#include "callvet/telephone_number.h"
#include "callvet/verdict.h"
#include "callvet/verifier.h"

namespace callvet {

/// How the calls of an API are counted by their sources. A value. Thread-safe.
struct PoolCounter {
  std::shared_ptr<CallerPools> pools;    // not null
  std::shared_ptr<const Policy> policy;  // whose rules count; nullptr: there are none

  [[nodiscard]] const PoolRules& rules() const;
};

/// What is counted of the call that `request` describes, from `trunk`, at `time`; evidence and
/// outcome are the caller's to fill in. Origid and signer are "" unless the call is verified.
CountedCall CountedCallOf(const CallRequest& request, const Verdict& verdict, CallTime time,
                          const DialPlan* plan);

/// Whether the call is refused: by `disposition`, else by the verdict (a call that nobody signed is
/// not).
CountedCall::Outcome PoolOutcomeOf(const Verdict& verdict,
                                   const std::optional<Disposition>& disposition);

/// Counts a call that no policy decides, now; nothing if `counter` is nullptr.
void CountUndecided(const PoolCounter* counter, const CallRequest& request, const Verdict& verdict,
                    const DialPlan* plan);

}  // namespace callvet
