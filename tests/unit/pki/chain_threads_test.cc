// SPDX-License-Identifier: MIT
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "pki/chain.h"
#include "support/result_matchers.h"
#include "support/test_pki.h"

namespace callvet {
namespace {

// Meant for ThreadSanitizer: certificates, CRLs and the store are shared and used for the first
// time by all threads at once.
TEST(ChainThreadsTest, OneStoreServesManyThreads) {
  const auto pki = test::MakeHierarchy();
  const auto revoked = test::Issue(test::LeafSpec("/C=US/O=Bad/CN=SHAKEN 666"), pki.ca);
  const auto crl = [](const test::TestCert& signer, std::vector<test::CrlEntrySpec> entries) {
    test::CrlSpec spec;
    spec.entries = std::move(entries);
    return test::MakeCrl(spec, signer);
  };
  std::vector<test::CrlEntrySpec> entries = {{.serial_hex = revoked.certificate.serial_hex()}};
  for (int i = 0; i < 50; ++i) entries.push_back({.serial_hex = std::to_string(990 - i)});
  const auto store = test::StoreOf({.anchors = {pki.root},
                                    .crls = {crl(pki.root, {}), crl(pki.ca, entries)},
                                    .policy = RevocationPolicy::kRequired});
  const auto good_bundle = test::BundleOf({pki.leaf, pki.ca});
  const auto bad_bundle = test::BundleOf({revoked, pki.ca});
  const std::string input = "a.b";
  const auto signature = Es256Signature::Parse(pki.leaf.key.SignEs256(input));

  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 25; ++i) {
        const auto good = VerifyChain(good_bundle, *store, test::kNow);
        const auto bad = VerifyChain(bad_bundle, *store, test::kNow);
        if (!good || bad || bad.error().reason != Reason::kCertificateRevoked) ++wrong;
        if (!good || !OpenSslEs256Engine().Verify(*good->signer().es256_key(), input, *signature)) {
          ++wrong;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong.load(), 0);
}

}  // namespace
}  // namespace callvet
