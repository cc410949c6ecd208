// SPDX-License-Identifier: MIT
#include "repository/trust_list.h"

#include <algorithm>

#include "base/base64url.h"
#include "issue/passport_signer.h"
#include "lab.h"

using namespace callvet;  // NOLINT(google-build-using-namespace): a program of one function

namespace {

const TrustStore& PaRoots() {
  static const auto store = [] {
    TrustStoreBuilder builder;
    fuzz::Require(builder.AddAnchors(fuzz::LabFile("pa_root.pem"), "pa_root.pem").has_value());
    return builder.Build();
  }();
  return *store;
}

// Signed by the STI-PA of the lab, found out by its key and not by its certificate.
bool SignedByPa(const std::string& compact) {
  const size_t dot = compact.rfind('.');
  const auto signature = DecodeBase64Url(compact.substr(dot + 1));
  const auto key = Es256PublicKey::FromPem(fuzz::LabKey("pa").public_key().ToPem());
  if (!signature || !key) return false;
  const auto parsed = Es256Signature::Parse(*signature);
  return parsed && OpenSslEs256Engine().Verify(*key, compact.substr(0, dot), *parsed).has_value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const CertificateBundle pa = fuzz::LabBundle("pa.pem");
  static const CertificateBundle stranger = fuzz::LabBundle("carrier.pem");
  const auto list = SignedTrustList::Parse(fuzz::Text(data, size));
  if (!list) return 0;
  const auto again = SignedTrustList::Parse(list->Compact());
  fuzz::Require(again && again->Compact() == list->Compact() && again->x5u() == list->x5u(),
                "the compact form is the same list");
  const auto trusted = TrustList::Verify(*list, pa, PaRoots(), fuzz::kNow);
  fuzz::Require(!TrustList::Verify(*list, stranger, PaRoots(), fuzz::kNow),
                "only the STI-PA's signer counts");
  if (!trusted) return 0;
  fuzz::Reached();
  fuzz::Require(SignedByPa(list->Compact()), "what is trusted was signed by the STI-PA");
  fuzz::Require(trusted->sequence() >= 0 && !trusted->anchors().empty());
  for (const Certificate& anchor : trusted->anchors()) {
    fuzz::Require(anchor.is_ca(), "every anchor is a CA (C-32)");
  }
  return 0;
}

// Changes the payload and has it signed again, three times in four.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  const auto list = SignedTrustList::Parse(fuzz::Text(data, size));
  if (!list || seed % 4 == 0) return LLVMFuzzerMutate(data, size, max_size);
  const std::string compact = list->Compact();
  const size_t first = compact.find('.');
  std::string header = DecodeBase64Url(compact.substr(0, first)).value_or("");
  std::string payload =
      DecodeBase64Url(compact.substr(first + 1, compact.rfind('.') - first - 1)).value_or("");
  std::string& changed = seed % 16 == 1 ? header : payload;
  const size_t before = changed.size();
  changed.resize(before + 64);
  changed.resize(
      LLVMFuzzerMutate(reinterpret_cast<uint8_t*>(changed.data()), before, changed.size()));
  const auto result = SignRaw(header, payload, fuzz::LabKey("pa"));
  if (!result || result->size() > max_size) return size;
  std::copy(result->begin(), result->end(), data);
  return result->size();
}
