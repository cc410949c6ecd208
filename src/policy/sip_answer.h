// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "callvet/policy.h"
#include "policy/policy_data.h"

namespace callvet {

/// A SIP status line's code and phrase.
struct SipAnswer {
  uint16_t code = 0;
  std::string phrase;
  /// Whether the reason has a code of the STIR protocol, before any override: another one's Reason
  /// header is SIP's, whatever its code (RFC 9410 speaks of PASSporTs only).
  bool about_passport = false;
};

/// The answer to `reason` under `settings`: its override, else the code map. A code that is
/// overridden without a phrase has that of the code. kNone gives 0 and "".
SipAnswer AnswerOf(Reason reason, const TrunkSettings& settings);

/// The values of Reason headers for a call to which `action`, not kPass, is done: one
/// for each PASSporT that was judged and failed, and one for `decided` where that is another reason
/// (no PASSporT, or a rule of the operator). A call that goes on gets those with a code of the STIR
/// protocol alone (D-8, A-61): any other says that it was refused. `identities` are the bodies of
/// the Identity headers. A ppi is written only of a token that has no other characters than tokens
/// have.
std::vector<std::string> ReasonHeaders(Action action, Reason decided, const Verdict& verdict,
                                       std::span<const std::string> identities,
                                       const TrunkSettings& settings);

}  // namespace callvet
