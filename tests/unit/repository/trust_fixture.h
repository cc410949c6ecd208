// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/base64url.h"
#include "base/json.h"
#include "fake_fetcher.h"
#include "support/result_matchers.h"
#include "support/temporary_directory.h"
#include "support/test_pki.h"

namespace callvet::test {

inline constexpr const char* kListX5u = "https://pa.example/list-signer.pem";

/// A STI-PA that signs lists, and a carrier's hierarchy whose root may be on them.
struct TestPa {
  TestCert root = IssueRoot("/C=US/O=STI-PA/CN=STI-PA Root");
  TestCert signer = Issue(ListSignerSpec(), root);
  Hierarchy carrier = MakeHierarchy();

  struct List {
    int64_t sequence = 1;
    sys_seconds expires = kNow + days(30);
    std::vector<std::string> entries = {};  // empty: the carrier's root
    std::string header =
        R"({"alg":"ES256","typ":"JWT","x5u":"https://pa.example/list-signer.pem"})";
    std::string payload = {};  // not empty: instead of all that
  };
  [[nodiscard]] std::string Payload(const List& list) const {
    if (!list.payload.empty()) return list.payload;
    JsonArray entries;
    for (const std::string& pem : list.entries) entries.emplace_back(pem);
    if (entries.empty()) entries.emplace_back(carrier.root.pem);
    return WriteJson(JsonMembers{{"version", "1.0"},
                                 {"sequence", list.sequence},
                                 {"exp", int64_t{list.expires.time_since_epoch().count()}},
                                 {"trustList", std::move(entries)}});
  }
  /// The three parts in base64url.
  struct Parts {
    std::string header, payload, signature;
  };
  [[nodiscard]] Parts Sign(const List& list) const {
    Parts parts{EncodeBase64Url(list.header), EncodeBase64Url(Payload(list)), ""};
    parts.signature = EncodeBase64Url(signer.key.SignEs256(parts.header + "." + parts.payload));
    return parts;
  }
  [[nodiscard]] std::string Compact(const List& list) const {
    const Parts parts = Sign(list);
    return parts.header + "." + parts.payload + "." + parts.signature;
  }
};

}  // namespace callvet::test
