// SPDX-License-Identifier: MIT
#include <optional>
#include <string>
#include <vector>

#include "call_fixture.h"
#include "verify/authority.h"

namespace callvet {
namespace {

using test::CaSpec;
using test::CertSpec;
using test::NumberList;
using test::SpcList;

constexpr std::nullopt_t kNone = std::nullopt;

Result<void> CheckDelegation(const std::vector<std::optional<TnAuthList>>& lists) {
  std::vector<const TnAuthList*> of_path;
  for (const auto& list : lists) of_path.push_back(list ? &*list : nullptr);
  return callvet::CheckDelegation(of_path);
}

TEST(Delegation, B32_OnlyTheSignerHasAList) {
  EXPECT_THAT(CheckDelegation({SpcList({"818H"}), kNone, kNone}), Succeeds());
}

TEST(Delegation, B32_SubsetPasses) {
  EXPECT_THAT(CheckDelegation({NumberList({{"12155550100", 5}}), NumberList({{"12155550100", 100}}),
                               SpcList({"818H"}), kNone}),
              Succeeds());
}

TEST(Delegation, B32_SplitAcrossEntriesOfTheParent) {
  EXPECT_THAT(CheckDelegation({NumberList({{"12155550100", 20}}),
                               NumberList({{"12155550110", 10}, {"12155550100", 10}}), kNone}),
              Succeeds());
}

TEST(Delegation, B32_MoreThanTheParent) {
  EXPECT_THAT(CheckDelegation(
                  {NumberList({{"12155550100", 101}}), NumberList({{"12155550100", 100}}), kNone}),
              FailsWith(Reason::kTnAuthListNotEncompassed));
  EXPECT_THAT(CheckDelegation({SpcList({"1234"}), SpcList({"818H"})}),
              FailsWith(Reason::kTnAuthListNotEncompassed));
  EXPECT_THAT(CheckDelegation({SpcList({"818H"}), NumberList({{"12155550100", 5}})}),
              FailsWith(Reason::kTnAuthListNotEncompassed));
}

TEST(Delegation, B32_TheNearestListAboveCounts) {
  // The CA between has no list of its own and sets no limit; the one above it does.
  EXPECT_THAT(CheckDelegation(
                  {NumberList({{"12155550100", 200}}), kNone, NumberList({{"12155550100", 100}})}),
              FailsWith(Reason::kTnAuthListNotEncompassed));
  EXPECT_THAT(CheckDelegation(
                  {NumberList({{"12155550100", 50}}), kNone, NumberList({{"12155550100", 100}})}),
              Succeeds());
}

TEST(Delegation, B32_EveryStepIsChecked) {
  // The signer is within its parent, but the parent exceeds its own.
  EXPECT_THAT(
      CheckDelegation({NumberList({{"12155550100", 50}}), NumberList({{"12155550100", 100}}),
                       NumberList({{"12155550100", 60}})}),
      FailsWith(Reason::kTnAuthListNotEncompassed));
}

// On a whole call: a CA's list that cannot be read limits nobody, so the call fails.
TEST(Delegation, B32_MalformedListOfACa) {
  test::TestCall call;
  CertSpec ca_spec = CaSpec("/CN=CA");
  ca_spec.raw_extensions = {{"1.3.6.1.5.5.7.1.26", std::string("\x30\x00", 2)}};
  call.ca = test::Issue(ca_spec, call.root);
  call.UseLeaf(test::LeafSpec());
  EXPECT_EQ(call.ReasonOf(), Reason::kTnAuthListMalformed);
}

}  // namespace
}  // namespace callvet
