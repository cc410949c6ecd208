// SPDX-License-Identifier: MIT
#include "pki/crl.h"

#include <algorithm>

#include "lab.h"
#include "pki/chain.h"

using namespace callvet;  // NOLINT(google-build-using-namespace): a program of one function

// A list that its issuer did not sign revokes nobody, and a certificate that the issuer's own list
// revokes is refused whatever other lists say.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const CertificateBundle carrier = fuzz::LabBundle("carrier.pem");
  static const CertificateBundle numbers = fuzz::LabBundle("numbers.pem");
  static const Certificate ca = fuzz::LabBundle("ca.pem").front();
  static const std::string root = fuzz::LabFile("root.pem");
  static const Crl honest = ParseCrls(fuzz::LabFile("revokes_numbers.crl"))->front();
  const auto crls = ParseCrls(fuzz::Text(data, size));
  if (!crls) return 0;
  TrustStoreBuilder builder;
  fuzz::Require(builder.AddAnchors(root, "root").has_value());
  for (const Crl& crl : *crls) {
    const auto again = Crl::ParseDer(crl.der());
    fuzz::Require(again.has_value() && again->entry_count() == crl.entry_count() &&
                      again->number_hex() == crl.number_hex() && again->HasScopeOf(crl),
                  "a list reads the same again");
    fuzz::Require(!crl.IsNewerThan(crl), "no list is newer than itself");
    (void)crl.RevokedSince(carrier.front());
    if (crl.SignedBy(ca)) fuzz::Reached();
    builder.AddCrl(crl);
  }
  const bool ours = std::any_of(crls->begin(), crls->end(), [](const Crl& crl) {
    return crl.SignedBy(ca) && crl.Covers(carrier.front()) && crl.RevokedSince(carrier.front());
  });
  auto store = builder.Build();
  const auto chain = VerifyChain(carrier, *store, fuzz::kNow);
  fuzz::Require(chain || chain.error().reason != Reason::kCertificateRevoked || ours,
                "only who issued a certificate revokes it");
  TrustStoreBuilder with;
  fuzz::Require(with.AddAnchors(root, "root").has_value());
  for (const Crl& crl : *crls) with.AddCrl(crl);
  with.AddCrl(honest);
  const bool newer = std::any_of(crls->begin(), crls->end(), [](const Crl& crl) {
    return crl.SignedBy(ca) && crl.HasScopeOf(honest);
  });
  fuzz::Require(newer || !VerifyChain(numbers, *with.Build(), fuzz::kNow),
                "what was revoked stays revoked beside lists of strangers");
  return 0;
}
