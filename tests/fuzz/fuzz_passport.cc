// SPDX-License-Identifier: MIT
#include "base/base64url.h"
#include "base/json.h"
#include "callvet/passport.h"
#include "fuzz.h"
#include "syntax/extension_claims.h"
#include "verify/extensions/rcd.h"

using namespace callvet;  // NOLINT(google-build-using-namespace): a program of one function

namespace {

// The deterministic form (RFC 8225 9) says the same.
void RequireSame(const Claims& claims, std::string_view ppt) {
  const std::string text = CanonicalJson(*claims.payload());
  const auto again = Claims::Parse(EncodeBase64Url(text), ppt);
  if (!again) {  // longer than what it was read from
    fuzz::Require(again.error().reason == Reason::kJsonLimit, "what was read can be written");
    return;
  }
  fuzz::Require(again->iat == claims.iat && again->orig.tn == claims.orig.tn &&
                    again->orig.uri == claims.orig.uri && again->dest.tn == claims.dest.tn &&
                    again->dest.uri == claims.dest.uri && again->attest == claims.attest &&
                    again->origid == claims.origid && again->mky.size() == claims.mky.size(),
                "and says the same");
  fuzz::Require(CanonicalJson(*again->payload()) == text,
                "the deterministic form is a fixed point");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string part = EncodeBase64Url(fuzz::Text(data, size));
  (void)JoseHeader::Parse(part);
  for (const std::string_view ppt : {"", "shaken"}) {
    const auto claims = Claims::Parse(part, ppt);
    if (!claims) continue;
    fuzz::Reached();
    fuzz::Require(claims->iat > 0);
    fuzz::Require(claims->orig.tn.has_value() != claims->orig.uri.has_value());
    fuzz::Require(!claims->dest.tn.empty() || !claims->dest.uri.empty());
    RequireSame(*claims, ppt);
    for (const std::string_view extension : {"div", "div-o", "rph", "rcd", "msg"}) {
      (void)CheckExtensionClaims(*claims->payload(), extension);
    }
    if (const auto rcd = RcdClaims::Read(*claims->payload())) {
      fuzz::Require(CheckRcd(*rcd, nullptr).content.size() == rcd->rcdi.size());
    }
  }
  return 0;
}
