// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "callvet/verdict.h"

namespace callvet {

/// The SPC of who answers for what `signer` signs: the first of its own, else, of a delegate
/// certificate, the first of who delegated the numbers to it (RFC 9060); "" if there is none.
/// Borrows `signer`. Pure.
inline std::string_view SignerSpc(const SignerInfo& signer) {
  const auto& spcs = signer.spcs.empty() ? signer.delegated_by_spcs : signer.spcs;
  return spcs.empty() ? std::string_view() : std::string_view(spcs.front());
}

}  // namespace callvet
