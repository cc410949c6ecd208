// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "callvet/result.h"
#include "callvet/telephone_number.h"
#include "issue/passport_signer.h"

namespace CLI {
class App;
}

namespace callvet::cli {

/// The options of `sign` for PASSporT extensions.
struct SignExtensions {
  std::string div_from;  // file with the Identity header that is diverted
  std::string div;       // who redirects
  std::vector<std::string> rph;
  std::string sph;
  std::string rcd;  // JSON
  std::string crn;
  std::vector<std::string> rcdi;  // POINTER or POINTER=FILE
  std::string msg_body;           // file

  [[nodiscard]] bool AnyGiven() const {
    return !(div_from.empty() && div.empty() && rph.empty() && sph.empty() && rcd.empty() &&
             crn.empty() && rcdi.empty() && msg_body.empty());
  }
};

void AddSignExtensionOptions(CLI::App& command, SignExtensions& options);

/// True if `ppt` is a type that `sign` knows: base, shaken, div, div-o, rph, rcd, msg.
bool IsKnownPpt(const std::string& ppt);

/// Adds to `request` what its ppt needs: for div and div-o orig, div and opt of the PASSporT that
/// is diverted, for the others their claims. An option of another ppt is refused. Fails with
/// kParameterMissing, kParameterInvalid, kFileUnreadable, or like the makers of
/// issue/extension_members.h.
Result<void> AddExtension(const SignExtensions& options, const std::string& ppt,
                          const DialPlan* plan, PassportRequest& request);

}  // namespace callvet::cli
