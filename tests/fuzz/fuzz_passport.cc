// SPDX-License-Identifier: MIT
#include "base/base64url.h"
#include "callvet/passport.h"
#include "syntax/extension_claims.h"
#include "verify/extensions/rcd.h"

#include "fuzz.h"

using namespace callvet;  // NOLINT(google-build-using-namespace): a program of one function

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string part = EncodeBase64Url(fuzz::Text(data, size));
  (void)JoseHeader::Parse(part);
  for (const std::string_view ppt : {"", "shaken"}) {
    const auto claims = Claims::Parse(part, ppt);
    if (!claims) continue;
    fuzz::Require(claims->iat > 0);
    fuzz::Require(claims->orig.tn.has_value() != claims->orig.uri.has_value());
    fuzz::Require(!claims->dest.tn.empty() || !claims->dest.uri.empty());
    for (const std::string_view extension : {"div", "div-o", "rph", "rcd", "msg"}) {
      (void)CheckExtensionClaims(*claims->payload(), extension);
    }
    if (const auto rcd = RcdClaims::Read(*claims->payload())) {
      fuzz::Require(CheckRcd(*rcd, nullptr).content.size() == rcd->rcdi.size());
    }
  }
  return 0;
}
