// SPDX-License-Identifier: MIT
#include "pki/trust_store.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <unistd.h>

#include "support/result_matchers.h"
#include "support/test_pki.h"

namespace callvet {
namespace {

namespace fs = std::filesystem;

using test::Issue;
using test::IssueRoot;
using test::LeafSpec;
using test::MakeCrl;
using test::ToPem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class TrustStoreTest : public ::testing::Test {
 protected:
  TrustStoreTest()
      : directory_(fs::temp_directory_path() / ("callvet-trust-" + std::to_string(getpid()))) {
    fs::remove_all(directory_);
    fs::create_directories(directory_);
  }
  ~TrustStoreTest() override { fs::remove_all(directory_); }

  fs::path Write(const std::string& name, const std::string& bytes) {
    std::ofstream(directory_ / name, std::ios::binary) << bytes;
    return directory_ / name;
  }

  fs::path directory_;
  TrustStoreBuilder builder_;
};

TEST_F(TrustStoreTest, TakesPemAndDerAndCountsCopiesOnce) {
  const auto a = IssueRoot("/CN=A");
  const auto b = IssueRoot("/CN=B");
  EXPECT_THAT(builder_.AddAnchors(a.pem + b.pem + a.pem, "x"), Succeeds());
  EXPECT_THAT(builder_.AddAnchors(b.der, "y"), Succeeds());
  EXPECT_THAT(builder_.Build()->anchors(), ElementsAre(a.certificate, b.certificate));
  EXPECT_THAT(builder_.Build()->anchors(), IsEmpty());  // the builder was emptied
}

TEST_F(TrustStoreTest, MoreAnchorsThanABundleMayHold) {
  std::string pem;
  for (int i = 0; i < 40; ++i) pem += IssueRoot("/CN=Root " + std::to_string(i)).pem;
  EXPECT_THAT(builder_.AddAnchors(pem, "list"), Succeeds());
  EXPECT_EQ(builder_.Build()->anchors().size(), 40U);
}

TEST_F(TrustStoreTest, C32_AnchorThatIsNoCaRefusesTheWholeInput) {
  const auto root = IssueRoot();
  const auto leaf = Issue(LeafSpec(), root);
  EXPECT_THAT(builder_.AddAnchors(root.pem + leaf.pem, "x"), FailsWith(Reason::kFileInvalid));
  EXPECT_THAT(builder_.AddAnchors(root.pem + ToPem("CERTIFICATE", "x"), "x"),
              FailsWith(Reason::kFileInvalid));
  EXPECT_THAT(builder_.AddAnchors("", "x"), FailsWith(Reason::kFileInvalid));
  EXPECT_THAT(builder_.Build()->anchors(), IsEmpty());
}

TEST_F(TrustStoreTest, DirectoryThatMayBeEmpty) {
  const auto root = IssueRoot("/CN=A");
  Write("README", "not a certificate");
  EXPECT_EQ(builder_.AddAnchorDirectory(directory_).value_or(99), 0U);
  EXPECT_THAT(builder_.Build()->anchors(), IsEmpty());
  EXPECT_THAT(builder_.AddAnchorPath(directory_), FailsWith(Reason::kFileInvalid));
  const auto file = Write("a.pem", root.pem);
  EXPECT_EQ(builder_.AddAnchorDirectory(directory_).value_or(99), 1U);
  EXPECT_THAT(builder_.Build()->anchors(), ElementsAre(root.certificate));
  EXPECT_THAT(builder_.AddAnchorDirectory(file), FailsWith(Reason::kFileUnreadable));
  EXPECT_THAT(builder_.AddAnchorDirectory(directory_ / "none"), FailsWith(Reason::kFileUnreadable));
  Write("b.pem", Issue(LeafSpec(), root).pem);
  EXPECT_THAT(builder_.AddAnchorDirectory(directory_), FailsWith(Reason::kFileInvalid));
  EXPECT_THAT(builder_.Build()->anchors(), IsEmpty());
}

TEST_F(TrustStoreTest, Directory) {
  const auto a = IssueRoot("/CN=A");
  const auto b = IssueRoot("/CN=B");
  Write("a.pem", a.pem);
  Write("b.CER", b.der);
  Write("README", "not a certificate");
  EXPECT_THAT(builder_.AddAnchorPath(directory_), Succeeds());
  EXPECT_EQ(builder_.Build()->anchors().size(), 2U);
  Write("c.crt", "broken");
  EXPECT_THAT(builder_.AddAnchorPath(directory_), FailsWith(Reason::kFileInvalid));
  EXPECT_THAT(builder_.Build()->anchors(), IsEmpty());
}

TEST_F(TrustStoreTest, PathsThatHoldNothing) {
  EXPECT_THAT(builder_.AddAnchorPath(directory_), FailsWith(Reason::kFileInvalid));
  EXPECT_THAT(builder_.AddAnchorPath(directory_ / "missing"), FailsWith(Reason::kFileUnreadable));
}

TEST_F(TrustStoreTest, FileOfAnyEnding) {
  const auto a = IssueRoot("/CN=A");
  EXPECT_THAT(builder_.AddAnchorPath(Write("anchors.txt", a.pem)), Succeeds());
  EXPECT_THAT(builder_.AddCrlAnchorPath(Write("pa", a.pem)), Succeeds());
  const auto store = builder_.Build();
  EXPECT_EQ(store->anchors().size(), 1U);
  EXPECT_EQ(store->crl_anchors().size(), 1U);
}

TEST_F(TrustStoreTest, CrlsAndTheirSigners) {
  const auto root = IssueRoot();
  const std::string der = MakeCrl({}, root);
  EXPECT_THAT(builder_.AddCrls(der, "x"), Succeeds());
  EXPECT_THAT(builder_.AddCrls(ToPem("X509 CRL", der) + root.pem, "x"), Succeeds());
  const auto store = builder_.Build();
  EXPECT_EQ(store->crls().size(), 2U);
  EXPECT_THAT(store->crl_signers(), ElementsAre(root.certificate));
  EXPECT_THAT(store->anchors(), IsEmpty());
}

TEST_F(TrustStoreTest, C33_CrlSignersNeedNotBeCas) {
  const auto root = IssueRoot();
  const auto signer = Issue(LeafSpec("/CN=Signer"), root);
  EXPECT_THAT(builder_.AddCrlSignerFile(Write("signer.der", signer.der)), Succeeds());
  EXPECT_THAT(builder_.AddCrlSignerFile(Write("two.pem", signer.pem + root.pem)), Succeeds());
  const auto store = builder_.Build();
  EXPECT_THAT(store->crl_signers(), ElementsAre(signer.certificate, root.certificate));
  EXPECT_THAT(store->anchors(), IsEmpty());
  EXPECT_THAT(store->crl_anchors(), IsEmpty());
  EXPECT_THAT(builder_.AddCrlSignerFile(directory_ / "missing"),
              FailsWith(Reason::kFileUnreadable));
  EXPECT_THAT(builder_.AddCrlSignerFile(Write("junk", "junk")), FailsWith(Reason::kFileInvalid));
  EXPECT_THAT(builder_.AddCrlSignerFile(Write("bad", signer.pem + ToPem("CERTIFICATE", "x"))),
              FailsWith(Reason::kFileInvalid));
  EXPECT_THAT(builder_.Build()->crl_signers(), IsEmpty());
}

TEST_F(TrustStoreTest, BrokenCrlInputIsRefusedAsAWhole) {
  const auto root = IssueRoot();
  const std::string pem = ToPem("X509 CRL", MakeCrl({}, root));
  EXPECT_THAT(builder_.AddCrls("garbage", "x"), FailsWith(Reason::kFileInvalid));
  EXPECT_THAT(builder_.AddCrls(root.pem, "x"), FailsWith(Reason::kFileInvalid));
  EXPECT_THAT(builder_.AddCrls(pem + ToPem("X509 CRL", "x"), "x"), FailsWith(Reason::kFileInvalid));
  EXPECT_THAT(builder_.AddCrls(pem + ToPem("CERTIFICATE", "x"), "x"),
              FailsWith(Reason::kFileInvalid));
  EXPECT_THAT(builder_.Build()->crls(), IsEmpty());
}

TEST_F(TrustStoreTest, DefaultPolicy) {
  EXPECT_EQ(builder_.Build()->revocation_policy(), RevocationPolicy::kIfCovered);
  builder_.SetRevocationPolicy(RevocationPolicy::kRequired);
  EXPECT_EQ(builder_.Build()->revocation_policy(), RevocationPolicy::kRequired);
}

}  // namespace
}  // namespace callvet
