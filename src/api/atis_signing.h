// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "api/api_reply.h"
#include "callvet/telephone_number.h"
#include "issue/private_key.h"

namespace callvet {

/// Who signs. The key leaves it in no form but signatures.
struct CallSigner {
  PrivateKey key;
  std::string x5u;  // where the certificate of `key` is published
};

/// Answers `body` of `POST /stir/v1/signing`: ATIS-1000082 (E.2) or 3GPP Ms (E-21), which differ in
/// the name of the answer's member: Ms is a request with `ppt`, or whose
/// dest names its number by a string. ppt may be shaken (the default), div or rph. `signer` is
/// nullptr if this service does not sign: SVC4003. Bad requests get HTTP 400 and requestError
/// (E.4), those too that the signer refuses. Numbers become
/// canonical by `plan` (may be nullptr), as those of a call do before they are compared.
/// Thread-safe.
ApiReply AtisSigning(const CallSigner* signer, std::string_view body, const DialPlan* plan);

}  // namespace callvet
