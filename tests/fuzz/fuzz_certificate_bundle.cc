// SPDX-License-Identifier: MIT
#include "pki/chain.h"
#include "pki/crl.h"
#include "pki/lint.h"

#include "fuzz.h"

using namespace callvet;  // NOLINT(google-build-using-namespace): a program of one function

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto bundle = ParseBundle(fuzz::Text(data, size));
  if (bundle) {
    fuzz::Reached();
    for (const Certificate& certificate : *bundle) (void)LintCertificate(certificate, nullptr);
    // Without an anchor nothing is trusted.
    const auto store = TrustStoreBuilder().Build();
    fuzz::Require(!VerifyChain(*bundle, *store, bundle->front().not_before()));
  }
  (void)ParseCrls(fuzz::Text(data, size));
  return 0;
}
