// SPDX-License-Identifier: MIT
#include "verify/extensions/msg.h"

#include "pki/digest.h"
#include "syntax/extension_claims.h"

namespace callvet {
namespace {

Result<ContentDigest> CompareMsgi(const JsonValue& payload, const Call& call) {
  auto msgi = ReadMsgi(payload);
  if (!msgi) return msgi;
  const std::string body = call.request.message_body.value_or("");
  auto digest = ComputeDigest(msgi->algorithm, body);
  if (!digest || *digest == *msgi) return digest;
  return Fail(Reason::kMsgiMismatch, "msgi is " + msgi->ToText() + ", the body of " +
                                         std::to_string(body.size()) + " bytes has " +
                                         digest->ToText());
}

}  // namespace

void CheckMsgi(const JsonValue& payload, const Call& call, Trail& trail) {
  if (const auto digest = CompareMsgi(payload, call)) {
    trail.Pass(CheckId::kMsgi, [&] { return digest->ToText() + " is the body's"; });
  } else {
    trail.Fail(CheckId::kMsgi, digest.error());
  }
}

}  // namespace callvet
