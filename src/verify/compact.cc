// SPDX-License-Identifier: MIT
#include "verify/compact.h"

#include <algorithm>
#include <tuple>

#include "base/base64url.h"
#include "base/text.h"

namespace callvet {
namespace {

JsonValue MkyJson(std::vector<MediaKey> fingerprints) {
  for (MediaKey& key : fingerprints) {
    key.alg = ToLower(key.alg);
    std::transform(key.dig.begin(), key.dig.end(), key.dig.begin(),
                   [](char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c; });
  }
  std::sort(fingerprints.begin(), fingerprints.end(), [](const MediaKey& a, const MediaKey& b) {
    return std::tie(a.alg, a.dig) < std::tie(b.alg, b.dig);
  });
  fingerprints.erase(std::unique(fingerprints.begin(), fingerprints.end()), fingerprints.end());
  JsonArray mky;
  for (const MediaKey& key : fingerprints) {
    mky.push_back(JsonMembers{{"alg", key.alg}, {"dig", key.dig}});
  }
  return mky;
}

std::string KindOf(const PartyClaim& party) {
  return party.tn ? "tn" : "uri";
}
const std::string& NameOf(const PartyClaim& party) {
  return party.tn ? *party.tn : *party.uri;
}

}  // namespace

RebuiltPassport RebuildPassport(const std::string& x5u, sys_seconds date, const PartyClaim& caller,
                                const PartyClaim& called,
                                const std::vector<MediaKey>& fingerprints) {
  const JsonValue header(JsonMembers{{"alg", "ES256"}, {"typ", "passport"}, {"x5u", x5u}});
  RebuiltPassport rebuilt;
  rebuilt.payload =
      JsonMembers{{"dest", JsonMembers{{KindOf(called), JsonArray{JsonValue(NameOf(called))}}}},
                  {"iat", static_cast<int64_t>(date.time_since_epoch().count())},
                  {"orig", JsonMembers{{KindOf(caller), NameOf(caller)}}}};
  if (!fingerprints.empty()) rebuilt.payload.Add("mky", MkyJson(fingerprints));
  rebuilt.signing_input = EncodeBase64Url(CanonicalJson(header)) + "." +
                          EncodeBase64Url(CanonicalJson(rebuilt.payload));
  rebuilt.dest = NameOf(called);
  rebuilt.orig = caller;
  return rebuilt;
}

}  // namespace callvet
