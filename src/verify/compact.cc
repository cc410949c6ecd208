// SPDX-License-Identifier: MIT
#include "verify/compact.h"

#include "base/base64url.h"

namespace callvet {

RebuiltPassport RebuildPassport(const std::string& x5u, sys_seconds date, const Party& caller,
                                const Party& called) {
  const JsonValue header(JsonMembers{{"alg", "ES256"}, {"typ", "passport"}, {"x5u", x5u}});
  const std::string_view orig_kind = caller.tn() ? "tn" : "uri";
  const std::string_view dest_kind = called.tn() ? "tn" : "uri";
  RebuiltPassport rebuilt;
  rebuilt.payload = JsonMembers{
      {"dest", JsonMembers{{std::string(dest_kind), JsonArray{JsonValue(called.canonical())}}}},
      {"iat", static_cast<int64_t>(date.time_since_epoch().count())},
      {"orig", JsonMembers{{std::string(orig_kind), caller.canonical()}}}};
  rebuilt.signing_input = EncodeBase64Url(CanonicalJson(header)) + "." +
                          EncodeBase64Url(CanonicalJson(rebuilt.payload));
  if (caller.tn()) {
    rebuilt.orig.tn = caller.canonical();
  } else {
    rebuilt.orig.uri = caller.canonical();
  }
  return rebuilt;
}

}  // namespace callvet
