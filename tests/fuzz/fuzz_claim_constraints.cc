// SPDX-License-Identifier: MIT
#include "pki/claim_constraints.h"

#include "base/json.h"
#include "fuzz.h"
#include "issue/certificate_issuer.h"
#include "verify/authority.h"

using namespace callvet;  // NOLINT(google-build-using-namespace): a program of one function

// Both forms read what the writer makes of what they read; claims that are demanded must be there.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const JsonValue claims = *ReadJson(
      R"({"attest":"A","dest":{"tn":["12155550101"]},"iat":1768478400,"orig":{"tn":"12155550100"},)"
      R"("origid":"de305d54-75b4-431b-adb2-eb6b9e546014"})");
  using Form = ClaimConstraints::Form;
  for (const Form form : {Form::kOriginal, Form::kEnhanced}) {
    const auto read = ClaimConstraints::Parse({data, size}, form);
    if (!read) continue;
    fuzz::Reached();
    const bool allowed = CheckClaimConstraints(*read, claims).has_value();
    for (const std::string& name : read->must_include) {
      fuzz::Require(!allowed || claims.Find(name) != nullptr, "mustInclude (B-21)");
    }
    for (const std::string& name : read->must_exclude) {
      fuzz::Require(!allowed || claims.Find(name) == nullptr, "mustExclude (B-23)");
    }
    if (read->empty()) continue;  // B-23: counts as absent
    const auto der = EncodeClaimConstraints(*read, form);
    fuzz::Require(der.has_value(), "what was read can be written");
    const auto again =
        ClaimConstraints::Parse({reinterpret_cast<const uint8_t*>(der->data()), der->size()}, form);
    fuzz::Require(again.has_value() && *again == *read, "and is the same");
  }
  return 0;
}
