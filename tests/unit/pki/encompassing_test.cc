// SPDX-License-Identifier: MIT
#include <string>
#include <vector>

#include "pki/chain.h"
#include "support/result_matchers.h"
#include "support/test_pki.h"

namespace callvet {
namespace {

using test::CaSpec;
using test::CertSpec;
using test::NumberList;
using test::SpcList;
using test::TestCert;

// A path for these lists, the signer's first, the anchor's last; nothing is a certificate without
// one.
std::vector<Certificate> PathOf(const std::vector<std::optional<TnAuthList>>& lists) {
  std::vector<Certificate> path;
  std::optional<TestCert> issuer;
  for (size_t i = lists.size(); i-- > 0;) {
    CertSpec spec = i == 0 ? test::LeafSpec() : CaSpec("/CN=CA " + std::to_string(i));
    spec.tn_auth_list = lists[i];
    issuer = issuer ? test::Issue(spec, *issuer) : test::IssueSelfSigned(spec);
    path.insert(path.begin(), issuer->certificate);
  }
  return path;
}

constexpr std::nullopt_t kNone = std::nullopt;

TEST(EncompassingTest, B32_OnlyTheSignerHasAList) {
  EXPECT_THAT(CheckEncompassing(PathOf({SpcList({"818H"}), kNone, kNone})), Succeeds());
}

TEST(EncompassingTest, B32_SubsetPasses) {
  EXPECT_THAT(
      CheckEncompassing(PathOf({NumberList({{"12155550100", 5}}),
                                NumberList({{"12155550100", 100}}), SpcList({"818H"}), kNone})),
      Succeeds());
}

TEST(EncompassingTest, B32_SplitAcrossEntriesOfTheParent) {
  EXPECT_THAT(
      CheckEncompassing(PathOf({NumberList({{"12155550100", 20}}),
                                NumberList({{"12155550110", 10}, {"12155550100", 10}}), kNone})),
      Succeeds());
}

TEST(EncompassingTest, B32_MoreThanTheParent) {
  EXPECT_THAT(CheckEncompassing(PathOf(
                  {NumberList({{"12155550100", 101}}), NumberList({{"12155550100", 100}}), kNone})),
              FailsWith(Reason::kTnAuthListNotEncompassed));
  EXPECT_THAT(CheckEncompassing(PathOf({SpcList({"1234"}), SpcList({"818H"})})),
              FailsWith(Reason::kTnAuthListNotEncompassed));
  EXPECT_THAT(CheckEncompassing(PathOf({SpcList({"818H"}), NumberList({{"12155550100", 5}})})),
              FailsWith(Reason::kTnAuthListNotEncompassed));
}

TEST(EncompassingTest, B32_TheNearestListAboveCounts) {
  // The CA between has no list of its own and sets no limit; the one above it does.
  EXPECT_THAT(CheckEncompassing(PathOf(
                  {NumberList({{"12155550100", 200}}), kNone, NumberList({{"12155550100", 100}})})),
              FailsWith(Reason::kTnAuthListNotEncompassed));
  EXPECT_THAT(CheckEncompassing(PathOf(
                  {NumberList({{"12155550100", 50}}), kNone, NumberList({{"12155550100", 100}})})),
              Succeeds());
}

TEST(EncompassingTest, B32_EveryStepIsChecked) {
  // The signer is within its parent, but the parent exceeds its own.
  EXPECT_THAT(CheckEncompassing(
                  PathOf({NumberList({{"12155550100", 50}}), NumberList({{"12155550100", 100}}),
                          NumberList({{"12155550100", 60}})})),
              FailsWith(Reason::kTnAuthListNotEncompassed));
}

TEST(EncompassingTest, B32_MalformedListAnywhere) {
  const auto root = test::IssueRoot();
  CertSpec ca_spec = CaSpec("/CN=CA");
  ca_spec.raw_extensions = {{"1.3.6.1.5.5.7.1.26", std::string("\x30\x00", 2)}};
  const auto ca = test::Issue(ca_spec, root);
  const auto leaf = test::Issue(test::LeafSpec(), ca);
  EXPECT_THAT(CheckEncompassing({leaf.certificate, ca.certificate, root.certificate}),
              FailsWith(Reason::kTnAuthListMalformed));
}

}  // namespace
}  // namespace callvet
