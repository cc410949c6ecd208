// SPDX-License-Identifier: MIT
#include "pki/shared_authorities.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "support/result_matchers.h"
#include "support/test_pki.h"

namespace callvet {
namespace {

// What stands for the decoded form: copies share it.
X509* Form(const Result<Certificate>& certificate) {
  return certificate->x509();
}

class SharedAuthoritiesTest : public testing::Test {
 protected:
  SharedAuthorities shared_;
  test::TestCert root_ = test::IssueRoot();
  test::TestCert ca_ = test::Issue(test::CaSpec("/CN=SHAKEN CA"), root_);
};

TEST_F(SharedAuthoritiesTest, ACaInUseIsDecodedOnce) {
  const auto first = shared_.Decode(ca_.der);
  ASSERT_THAT(first, Succeeds());
  EXPECT_EQ(*first, ca_.certificate);
  const auto second = shared_.Decode(ca_.der);
  ASSERT_THAT(second, Succeeds());
  EXPECT_EQ(Form(first), Form(second));
  EXPECT_EQ(shared_.size(), 1U);
}

TEST_F(SharedAuthoritiesTest, BytesThatDifferAreAnotherCertificate) {
  const auto first = shared_.Decode(ca_.der);
  std::string forged = ca_.der;
  forged.back() = static_cast<char>(forged.back() ^ 1);  // in the signature
  const auto other = shared_.Decode(forged);
  ASSERT_THAT(other, Succeeds());
  EXPECT_EQ(other->der(), forged);
  EXPECT_TRUE(first->SignedBy(root_.certificate));
  EXPECT_FALSE(other->SignedBy(root_.certificate));
}

TEST_F(SharedAuthoritiesTest, EndEntitiesAndWhatIsBrokenAreNotKept) {
  const auto leaf = test::Issue(test::LeafSpec(), ca_);
  const auto first = shared_.Decode(leaf.der);
  const auto second = shared_.Decode(leaf.der);
  ASSERT_THAT(first, Succeeds());
  ASSERT_THAT(second, Succeeds());
  EXPECT_NE(Form(first), Form(second));
  for (const std::string& junk : {std::string(), std::string("x"), ca_.der + "x"}) {
    EXPECT_THAT(shared_.Decode(junk), FailsWith(Reason::kCertificateUnreadable));
  }
  EXPECT_EQ(shared_.size(), 0U);
}

TEST_F(SharedAuthoritiesTest, WhatNobodyHoldsIsForgotten) {
  for (int i = 0; i < 300; ++i) {
    const auto ca = test::Issue(test::CaSpec("/CN=CA " + std::to_string(i)), root_);
    ASSERT_THAT(shared_.Decode(ca.der), Succeeds());
  }
  EXPECT_LE(shared_.size(), 64U);
  std::vector<Certificate> held;
  for (int i = 0; i < 100; ++i) {
    const auto ca = test::Issue(test::CaSpec("/CN=CA " + std::to_string(i)), root_);
    held.push_back(*shared_.Decode(ca.der));
    EXPECT_EQ(shared_.Decode(ca.der)->x509(), held.back().x509());
  }
  EXPECT_GE(shared_.size(), held.size());
  EXPECT_LE(shared_.size(), 2 * held.size());
}

TEST_F(SharedAuthoritiesTest, BundlesAreReadAsWithoutIt) {
  const auto leaf = test::Issue(test::LeafSpec(), ca_);
  const auto decode = [this](std::string_view der) { return shared_.Decode(der); };
  const std::string pem = test::PemOf({leaf, ca_});
  const auto one = ParseBundle(pem, kMaxBundleCertificates, decode);
  const auto two = ParseBundle(pem, kMaxBundleCertificates, decode);
  ASSERT_THAT(one, Succeeds());
  EXPECT_EQ(*one, *ParseBundle(pem));
  EXPECT_EQ((*one)[1].x509(), (*two)[1].x509());
  EXPECT_EQ(ParseBundle(ca_.der, kMaxBundleCertificates, decode)->front().x509(), (*one)[1].x509());
  const std::string broken = leaf.pem + test::ToPem("CERTIFICATE", "x");
  EXPECT_EQ(ParseBundle(broken, kMaxBundleCertificates, decode).error().detail,
            ParseBundle(broken).error().detail);
}

TEST_F(SharedAuthoritiesTest, ThreadsGetTheSame) {
  const auto held = shared_.Decode(ca_.der);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const auto mine = shared_.Decode(ca_.der);
        const auto its_root = shared_.Decode(root_.der);  // nobody holds it for long
        if (mine->x509() != held->x509() || !mine->SignedBy(*its_root)) ++wrong;
        if (t % 2 == 0 && mine->SignedBy(*mine)) ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace callvet
