// SPDX-License-Identifier: MIT
#include "verify/compact.h"

#include <algorithm>
#include <tuple>

#include "base/base64url.h"

namespace callvet {
namespace {

JsonValue MkyJson(std::vector<MediaKey> fingerprints) {
  for (MediaKey& key : fingerprints) {
    std::transform(key.dig.begin(), key.dig.end(), key.dig.begin(),
                   [](char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c; });
  }
  std::sort(fingerprints.begin(), fingerprints.end(), [](const MediaKey& a, const MediaKey& b) {
    return std::tie(a.alg, a.dig) < std::tie(b.alg, b.dig);
  });
  JsonArray mky;
  for (const MediaKey& key : fingerprints) {
    mky.push_back(JsonMembers{{"alg", key.alg}, {"dig", key.dig}});
  }
  return mky;
}

}  // namespace

RebuiltPassport RebuildPassport(const std::string& x5u, sys_seconds date, const Party& caller,
                                const Party& called, const std::vector<MediaKey>& fingerprints) {
  const JsonValue header(JsonMembers{{"alg", "ES256"}, {"typ", "passport"}, {"x5u", x5u}});
  const std::string_view orig_kind = caller.tn() ? "tn" : "uri";
  const std::string_view dest_kind = called.tn() ? "tn" : "uri";
  RebuiltPassport rebuilt;
  rebuilt.payload = JsonMembers{
      {"dest", JsonMembers{{std::string(dest_kind), JsonArray{JsonValue(called.canonical())}}}},
      {"iat", static_cast<int64_t>(date.time_since_epoch().count())},
      {"orig", JsonMembers{{std::string(orig_kind), caller.canonical()}}}};
  if (!fingerprints.empty()) rebuilt.payload.Add("mky", MkyJson(fingerprints));
  rebuilt.signing_input = EncodeBase64Url(CanonicalJson(header)) + "." +
                          EncodeBase64Url(CanonicalJson(rebuilt.payload));
  rebuilt.dest = called.canonical();
  if (caller.tn()) {
    rebuilt.orig.tn = caller.canonical();
  } else {
    rebuilt.orig.uri = caller.canonical();
  }
  return rebuilt;
}

}  // namespace callvet
