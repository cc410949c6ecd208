// SPDX-License-Identifier: MIT
#include "repository/trust_keeper.h"

#include <atomic>
#include <functional>
#include <future>
#include <thread>

#include "base/file.h"
#include "base/file_descriptor.h"
#include "pki/chain.h"
#include "pki/chain_cache.h"
#include "pki/sha256.h"
#include "trust_fixture.h"

namespace callvet::test {
namespace {

constexpr const char* kCrlUrl = "https://pa.example/v1/crl";

std::string MakeIndirect(const TestCert& signer, const std::vector<TestCert>& revoked,
                         sys_seconds this_update = kNow - hours(1)) {
  CrlSpec spec{.kind = CrlKind::kIndirect, .this_update = this_update, .uri = kCrlUrl};
  spec.next_update = this_update + hours(24);
  for (const TestCert& cert : revoked) {
    spec.entries.push_back(
        {.serial_hex = cert.certificate.serial_hex(), .certificate_issuer = IssuerNameDer(cert)});
  }
  return MakeCrl(spec, signer);
}

std::string MakeDirect(const TestCert& signer, const std::vector<TestCert>& revoked,
                       sys_seconds this_update = kNow - hours(1)) {
  CrlSpec spec{.this_update = this_update, .next_update = this_update + hours(24)};
  for (const TestCert& cert : revoked) {
    spec.entries.push_back({.serial_hex = cert.certificate.serial_hex()});
  }
  return MakeCrl(spec, signer);
}

class TrustKeeperTest : public ::testing::Test {
 protected:
  TrustKeeperTest() {
    fetcher_->Serve(kListX5u, PemOf({pa_.signer}));
    inputs_.fetcher = fetcher_;
    inputs_.crl_fetcher = fetcher_;
  }
  void UseAnchorFile() { inputs_.anchors = {dir_.Put("anchor.pem", pa_.carrier.root.pem)}; }
  void UseList(const TestPa::List& list) {
    PutList(list);
    inputs_.trust_list_roots = {dir_.Put("pa-root.pem", pa_.root.pem)};
    inputs_.trust_list_client = std::make_shared<FileTrustListClient>(dir_.path() / "list");
    inputs_.state_dir = dir_.path() / "state";
  }
  void PutList(const TestPa::List& list) { dir_.Put("list", pa_.Compact(list)); }
  // Leaf and CA name the STI-PA's list.
  void NameIndirectCrl() {
    const DistributionPointSpec point{.uri = kCrlUrl,
                                      .crl_issuer = "/C=US/O=STI-PA/CN=STI-PA Root"};
    CertSpec ca = CaSpec("/C=US/O=Test CA/CN=SHAKEN CA");
    ca.distribution_points = {point};
    pa_.carrier.ca = Issue(ca, pa_.carrier.root);
    CertSpec leaf = LeafSpec();
    leaf.distribution_points = {point};
    pa_.carrier.leaf = Issue(leaf, pa_.carrier.ca);
  }
  void UseCrlUrl() {
    NameIndirectCrl();
    UseAnchorFile();
    inputs_.crl_anchors = {dir_.Put("pa-root.pem", pa_.root.pem)};
    inputs_.crl_refresh.urls = {kCrlUrl};
    inputs_.revocation_policy = RevocationPolicy::kRequired;
  }
  [[nodiscard]] CertificateBundle Bundle() const {
    return BundleOf({pa_.carrier.leaf, pa_.carrier.ca});
  }
  Result<VerifiedChain> Verify(const TrustKeeper& keeper, sys_seconds at = kNow) const {
    return VerifyChain(Bundle(), *keeper.snapshot(), at);
  }
  static Result<void> Outcome(const TrustReport& report) {
    if (const auto failure = report.FirstFailure()) return *failure;
    return {};
  }

  TestPa pa_;
  TemporaryDirectory dir_;
  std::shared_ptr<FakeFetcher> fetcher_ = std::make_shared<FakeFetcher>();
  TrustInputs inputs_;
};

TEST_F(TrustKeeperTest, TrustsNobodyBeforeLoad) {
  UseAnchorFile();
  TrustKeeper keeper(inputs_);
  EXPECT_EQ(keeper.generation(), 0u);
  EXPECT_THAT(Verify(keeper), FailsWith(Reason::kChainUntrusted));
  EXPECT_EQ(keeper.Maintain(kNow, {}).outcome, TrustReport::Outcome::kKept);
  const auto report = keeper.Load(kNow, {});
  EXPECT_THAT(Outcome(report), Succeeds());
  EXPECT_EQ(report.outcome, TrustReport::Outcome::kReplaced);
  EXPECT_EQ(report.generation, 1u);
  EXPECT_THAT(Verify(keeper), Succeeds());
}

TEST_F(TrustKeeperTest, BadFileKeepsTheOldSnapshotWhole) {
  UseAnchorFile();
  inputs_.crls = {dir_.Put("ca.crl", MakeDirect(pa_.carrier.ca, {}))};
  TrustKeeper keeper(inputs_);
  ASSERT_THAT(Outcome(keeper.Load(kNow, {})), Succeeds());
  const auto before = keeper.snapshot();
  dir_.Put("ca.crl", MakeDirect(pa_.carrier.ca, {pa_.carrier.leaf}));  // good, and revokes
  dir_.Put("anchor.pem", pa_.carrier.leaf.pem);                        // no CA
  const auto report = keeper.Load(kNow, {});
  EXPECT_EQ(report.outcome, TrustReport::Outcome::kKept);
  EXPECT_EQ(report.generation, 1u);
  EXPECT_THAT(Outcome(report), FailsWith(Reason::kFileInvalid));
  EXPECT_EQ(report.sources.size(), 2u);
  EXPECT_EQ(keeper.snapshot(), before);
  EXPECT_THAT(Verify(keeper), Succeeds());
  dir_.Put("anchor.pem", pa_.carrier.root.pem);
  EXPECT_THAT(Outcome(keeper.Load(kNow, {})), Succeeds());
  EXPECT_THAT(Verify(keeper), FailsWith(Reason::kCertificateRevoked));
}

TEST_F(TrustKeeperTest, C33_ForgedOrOlderCrlFileKeepsTheOldOne) {
  UseAnchorFile();
  const auto good = MakeDirect(pa_.carrier.root, {pa_.carrier.ca});
  inputs_.crls = {dir_.Put("root.crl", good)};
  TrustKeeper keeper(inputs_);
  ASSERT_THAT(Outcome(keeper.Load(kNow, {})), Succeeds());
  CrlSpec broken;
  broken.signature = Signature::kBroken;
  const auto impostor = IssueRoot("/C=US/O=Test CA/CN=SHAKEN Root");
  for (const std::string& bad :
       {MakeCrl(broken, pa_.carrier.root), MakeDirect(impostor, {}),
        MakeDirect(pa_.carrier.root, {}, kNow - hours(2)), std::string("junk")}) {
    dir_.Put("root.crl", bad);
    const auto report = keeper.Load(kNow, {});
    EXPECT_THAT(Outcome(report), FailsWith(Reason::kCrlInvalid));
    EXPECT_EQ(report.generation, 1u);
    EXPECT_THAT(Verify(keeper), FailsWith(Reason::kCertificateRevoked));
  }
}

// The list of the STI-PA lists what others issued, so it must say that it is indirect. One that
// does not is no error, but that it changes nothing is said.
TEST_F(TrustKeeperTest, C33_AStiPaListThatIsNotIndirectIsSaidToHaveNoEffect) {
  UseAnchorFile();
  inputs_.crl_anchors = {dir_.Put("pa-root.pem", pa_.root.pem)};
  inputs_.crls = {dir_.Put("pa.crl", MakeDirect(pa_.root, {pa_.carrier.leaf}))};
  const auto idle = [](const TrustReport& report) {
    return std::count_if(report.sources.begin(), report.sources.end(), [](const auto& source) {
      return source.idle && source.name.ends_with("pa.crl") && !source.detail.empty();
    });
  };
  TrustKeeper keeper(inputs_);
  const auto report = keeper.Load(kNow, {});
  ASSERT_THAT(Outcome(report), Succeeds());
  EXPECT_EQ(idle(report), 1);
  EXPECT_THAT(Verify(keeper), Succeeds());
  // Neither a list of a carrier's CA nor one that counts is one.
  NameIndirectCrl();
  dir_.Put("pa.crl", MakeIndirect(pa_.root, {pa_.carrier.leaf}));
  EXPECT_EQ(idle(keeper.Load(kNow, {})), 0);
  EXPECT_THAT(Verify(keeper), FailsWith(Reason::kCertificateRevoked));
  dir_.Put("pa.crl", MakeDirect(pa_.carrier.ca, {}));
  EXPECT_EQ(idle(keeper.Load(kNow, {})), 0);
}

// ----- The trust list

TEST_F(TrustKeeperTest, C32_ListedAnchorUntilTheListExpiresThenNothing) {
  UseList({.expires = kNow + hours(10)});
  TrustKeeper keeper(inputs_);
  ASSERT_THAT(Outcome(keeper.Load(kNow, {})), Succeeds());
  EXPECT_THAT(Verify(keeper), Succeeds());
  EXPECT_THAT(Verify(keeper, kNow + hours(10)), FailsWith(Reason::kChainUntrusted));
  // The root of the STI-PA itself is nobody's anchor.
  EXPECT_THAT(VerifyChain(BundleOf({pa_.signer}), *keeper.snapshot(), kNow),
              FailsWith(Reason::kChainUntrusted));
  const auto report = keeper.Maintain(kNow + hours(10), {});
  EXPECT_THAT(Outcome(report), FailsWith(Reason::kTrustListExpired));
  EXPECT_EQ(report.outcome, TrustReport::Outcome::kReplaced);
  EXPECT_TRUE(keeper.snapshot()->anchors().empty());
  EXPECT_EQ(keeper.Maintain(kNow + hours(10) + seconds(1), {}).outcome,
            TrustReport::Outcome::kKept);
  PutList({.sequence = 2, .expires = kNow + days(9)});
  EXPECT_THAT(Outcome(keeper.Maintain(kNow + hours(11), {})), Succeeds());
  EXPECT_THAT(Verify(keeper, kNow + hours(11)), Succeeds());
}

TEST_F(TrustKeeperTest, C32_BadNewListKeepsTheOldOneAlsoAfterARestart) {
  UseList({.sequence = 5});
  {
    TrustKeeper keeper(inputs_);
    ASSERT_THAT(Outcome(keeper.Load(kNow, {})), Succeeds());
  }
  const auto other = IssueRoot("/CN=Other");
  const auto stranger = IssueRoot("/C=US/O=STI-PA/CN=STI-PA Root");
  struct Case {
    TestPa::List list;
    Reason reason;
  };
  for (const auto& [list, reason] :
       {Case{{.sequence = 4, .entries = {other.pem}}, Reason::kTrustListRollback},
        Case{{.sequence = 5, .entries = {other.pem}}, Reason::kTrustListRollback},
        Case{{.sequence = 6, .expires = kNow, .entries = {other.pem}}, Reason::kTrustListExpired},
        Case{{.sequence = 6, .entries = {pa_.carrier.leaf.pem}}, Reason::kTrustListMalformed}}) {
    PutList(list);
    TrustKeeper keeper(inputs_);  // restarted
    EXPECT_THAT(Outcome(keeper.Load(kNow, {})), FailsWith(reason));
    EXPECT_THAT(Verify(keeper), Succeeds());
  }
  pa_.signer = Issue(ListSignerSpec(), stranger);
  fetcher_->Serve(kListX5u, PemOf({pa_.signer, stranger}));
  PutList({.sequence = 6, .entries = {other.pem}});
  TrustKeeper keeper(inputs_);
  EXPECT_THAT(Outcome(keeper.Load(kNow, {})), FailsWith(Reason::kTrustListUntrusted));
  EXPECT_THAT(Verify(keeper), Succeeds());
  EXPECT_EQ(keeper.trust_list()->list.sequence(), 5);
}

TEST_F(TrustKeeperTest, C30_UnreachableSignerOrListKeepsTheOldOne) {
  UseList({});
  TrustKeeper keeper(inputs_);
  fetcher_->Remove(kListX5u);
  EXPECT_THAT(Outcome(keeper.Load(kNow, {})), FailsWith(Reason::kTrustListNotAvailable));
  EXPECT_THAT(Verify(keeper), FailsWith(Reason::kChainUntrusted));
  fetcher_->Serve(kListX5u, PemOf({pa_.signer}));
  EXPECT_EQ(keeper.Maintain(kNow + std::chrono::minutes(1), {}).sources.size(), 0u);  // not due
  EXPECT_THAT(Outcome(keeper.Maintain(kNow + std::chrono::minutes(5), {})), Succeeds());
  EXPECT_THAT(Verify(keeper), Succeeds());
  std::filesystem::remove(dir_.path() / "list");
  EXPECT_THAT(Outcome(keeper.Maintain(kNow + days(2), {})),
              FailsWith(Reason::kTrustListNotAvailable));
  EXPECT_THAT(Verify(keeper, kNow + days(2)), Succeeds());
}

// A list that lives for less than a day is looked for before it ends, more than once.
TEST_F(TrustKeeperTest, C32_ANewListIsLookedForWellBeforeTheOldOneEnds) {
  UseList({.sequence = 5, .expires = kNow + hours(20)});
  TrustKeeper keeper(inputs_);
  ASSERT_THAT(Outcome(keeper.Load(kNow, {})), Succeeds());
  EXPECT_EQ(keeper.Maintain(kNow + hours(9), {}).sources.size(), 0U);  // not due
  std::filesystem::remove(dir_.path() / "list");
  EXPECT_THAT(Outcome(keeper.Maintain(kNow + hours(10), {})),
              FailsWith(Reason::kTrustListNotAvailable));
  PutList({.sequence = 5, .expires = kNow + hours(40)});
  EXPECT_THAT(Outcome(keeper.Maintain(kNow + hours(10) + std::chrono::minutes(5), {})), Succeeds());
  EXPECT_THAT(Verify(keeper, kNow + hours(30)), Succeeds());
  EXPECT_EQ(keeper.trust_list()->list.expires(), kNow + hours(40));
  // Close to its end it is asked for every minute, and not at each call.
  const sys_seconds end = kNow + hours(40);
  keeper.Maintain(end - std::chrono::seconds(90), {});
  EXPECT_EQ(keeper.Maintain(end - std::chrono::seconds(80), {}).sources.size(), 0U);
  EXPECT_EQ(keeper.Maintain(end - std::chrono::seconds(30), {}).sources.size(), 1U);
}

TEST_F(TrustKeeperTest, C32_AnUnreadableStateFileDoesNotTakeTheListAway) {
  UseList({.sequence = 5});
  TrustKeeper keeper(inputs_);
  ASSERT_THAT(Outcome(keeper.Load(kNow, {})), Succeeds());
  const auto state = *inputs_.state_dir / "trust-list.json";
  ASSERT_TRUE(std::filesystem::exists(state));
  ASSERT_THAT(WriteFile(state, "garbage", FileMode::kPublic), Succeeds());
  const auto other = IssueRoot("/CN=Other");
  PutList({.sequence = 6, .entries = {other.pem}});  // nobody can tell whether it is older
  for (const TrustReport& report :
       {keeper.Maintain(kNow + days(2), {}), keeper.Load(kNow + days(2), {})}) {
    EXPECT_TRUE(report.FirstFailure().has_value());
    EXPECT_FALSE(report.FirstUnusable().has_value());
    EXPECT_THAT(Verify(keeper, kNow + days(2)), Succeeds());
  }
  // Other roots: what the old ones vouched for is over.
  ASSERT_THAT(WriteFile(dir_.path() / "pa-root.pem", other.pem, FileMode::kPublic), Succeeds());
  EXPECT_TRUE(keeper.Load(kNow + days(2), {}).FirstUnusable().has_value());
  EXPECT_THAT(Verify(keeper, kNow + days(2)), FailsWith(Reason::kChainUntrusted));
}

TEST_F(TrustKeeperTest, C32_StateDirectoryAloneGivesTheAcceptedList) {
  UseList({});
  ASSERT_THAT(Outcome(TrustKeeper(inputs_).Load(kNow, {})), Succeeds());
  inputs_.trust_list_client = nullptr;
  inputs_.fetcher = nullptr;
  TrustKeeper keeper(inputs_);
  EXPECT_THAT(Outcome(keeper.Load(kNow + days(1), {})), Succeeds());
  EXPECT_THAT(Verify(keeper, kNow + days(1)), Succeeds());
  // Expired it is trusted by nobody, but stops nobody who has other anchors.
  UseAnchorFile();
  TrustKeeper late(inputs_);
  const auto report = late.Load(kNow + days(31), {});
  EXPECT_THAT(Outcome(report), FailsWith(Reason::kTrustListExpired));
  EXPECT_FALSE(report.FirstUnusable().has_value());
  EXPECT_FALSE(late.snapshot()->listed_until().has_value());
}

// ----- CRLs

TEST_F(TrustKeeperTest, C33_IndirectCrlByUrlRevokesLeafAndIntermediate) {
  UseCrlUrl();
  for (const auto& [revoked, reason] : {std::pair<std::vector<TestCert>, Reason>{{}, Reason::kNone},
                                        {{pa_.carrier.leaf}, Reason::kCertificateRevoked},
                                        {{pa_.carrier.ca}, Reason::kCertificateRevoked}}) {
    fetcher_->Serve(kCrlUrl, MakeIndirect(pa_.root, revoked));
    TrustKeeper keeper(inputs_);
    EXPECT_THAT(Outcome(keeper.Load(kNow, {})), Succeeds());
    const auto chain = Verify(keeper);
    EXPECT_EQ(chain ? Reason::kNone : chain.error().reason, reason);
  }
}

TEST_F(TrustKeeperTest, C35_RefreshedAtNextUpdateOrTwelveHours) {
  UseCrlUrl();
  fetcher_->Serve(kCrlUrl, MakeIndirect(pa_.root, {}));
  TrustKeeper keeper(inputs_);
  ASSERT_THAT(Outcome(keeper.Load(kNow, {})), Succeeds());
  fetcher_->Serve(kCrlUrl, MakeIndirect(pa_.root, {pa_.carrier.leaf}, kNow + hours(1)));
  EXPECT_TRUE(keeper.Maintain(kNow + hours(12) - seconds(1), {}).sources.empty());
  ChainCache cache;
  EXPECT_THAT(*cache.Verify(Bundle(), keeper.snapshot(), kNow + hours(12)), Succeeds());
  EXPECT_EQ(keeper.Maintain(kNow + hours(12), {}).outcome, TrustReport::Outcome::kReplaced);
  EXPECT_EQ(keeper.generation(), 2u);
  EXPECT_THAT(*cache.Verify(Bundle(), keeper.snapshot(), kNow + hours(12)),
              FailsWith(Reason::kCertificateRevoked));
}

TEST_F(TrustKeeperTest, C33_BadCrlOfAUrlReplacesNothing) {
  UseCrlUrl();
  inputs_.state_dir = dir_.path() / "state";
  fetcher_->Serve(kCrlUrl, MakeIndirect(pa_.root, {pa_.carrier.leaf}));
  TrustKeeper keeper(inputs_);
  ASSERT_THAT(Outcome(keeper.Load(kNow, {})), Succeeds());
  const auto impostor = IssueRoot("/C=US/O=STI-PA/CN=STI-PA Root");
  const std::vector<std::pair<std::string, Reason>> bad = {
      {MakeIndirect(impostor, {}), Reason::kCrlInvalid},
      {MakeDirect(pa_.carrier.ca, {}), Reason::kCrlInvalid},  // nobody knows that CA yet
      {MakeIndirect(pa_.root, {}, kNow - hours(2)), Reason::kCrlInvalid},
      {MakeIndirect(pa_.root, {}, kNow - days(3)), Reason::kCrlStale},
      {MakeIndirect(pa_.root, {}, kNow + days(9)), Reason::kCrlStale},
      {"junk", Reason::kCrlInvalid}};
  sys_seconds now = kNow + hours(12);
  for (const auto& [crl, reason] : bad) {
    fetcher_->Serve(kCrlUrl, crl);
    EXPECT_THAT(Outcome(keeper.Maintain(now, {})), FailsWith(reason));
    EXPECT_THAT(Verify(keeper), FailsWith(Reason::kCertificateRevoked));
    now += hours(1);
  }
  fetcher_->Remove(kCrlUrl);  // restarted while the server is away
  TrustKeeper restarted(inputs_);
  EXPECT_THAT(Outcome(restarted.Load(kNow, {})), FailsWith(Reason::kFetchHttpStatus));
  EXPECT_THAT(Verify(restarted), FailsWith(Reason::kCertificateRevoked));
}

// The new list counts also where it cannot be written: no directory, or something in its place.
TEST_F(TrustKeeperTest, C34_AListThatCannotBeKeptCountsAllTheSame) {
  UseCrlUrl();
  inputs_.state_dir = "/proc/callvet-state";  // where nobody can make a directory
  fetcher_->Serve(kCrlUrl, MakeIndirect(pa_.root, {}, kNow - hours(2)));
  TrustKeeper keeper(inputs_);
  const auto first = keeper.Load(kNow, {});
  EXPECT_FALSE(first.FirstUnusable().has_value());
  ASSERT_TRUE(first.sources.back().not_kept.has_value());
  EXPECT_EQ(first.sources.back().not_kept->reason, Reason::kFileUnreadable);
  EXPECT_THAT(Verify(keeper), Succeeds());
  fetcher_->Serve(kCrlUrl, MakeIndirect(pa_.root, {pa_.carrier.leaf}));
  const auto second = keeper.Maintain(kNow + hours(12), {});
  EXPECT_EQ(second.outcome, TrustReport::Outcome::kReplaced);
  EXPECT_TRUE(second.sources.back().not_kept.has_value());
  EXPECT_THAT(Verify(keeper), FailsWith(Reason::kCertificateRevoked));
}

TEST_F(TrustKeeperTest, C35_AKeptListPastItsNextUpdateStillCounts) {
  UseCrlUrl();
  inputs_.state_dir = dir_.path() / "state";
  fetcher_->Serve(kCrlUrl, MakeIndirect(pa_.root, {pa_.carrier.leaf}));
  ASSERT_THAT(Outcome(TrustKeeper(inputs_).Load(kNow, {})), Succeeds());
  const sys_seconds late = kNow + days(2);
  // Older, but made to last until then.
  CrlSpec older{.kind = CrlKind::kIndirect, .this_update = kNow - hours(5), .uri = kCrlUrl};
  older.next_update = kNow + days(9);
  for (const bool replayed : {false, true}) {
    fetcher_->Remove(kCrlUrl);
    if (replayed) fetcher_->Serve(kCrlUrl, MakeCrl(older, pa_.root));
    for (const auto& [policy, reason] :
         {std::pair(RevocationPolicy::kRequired, Reason::kCrlStale),
          {RevocationPolicy::kIfCovered, Reason::kCrlStale},
          {RevocationPolicy::kBestEffort, Reason::kCertificateRevoked}}) {
      inputs_.revocation_policy = policy;
      TrustKeeper keeper(inputs_);
      EXPECT_THAT(Outcome(keeper.Load(late, {})),
                  FailsWith(replayed ? Reason::kCrlInvalid : Reason::kFetchHttpStatus));
      EXPECT_THAT(Verify(keeper, late), FailsWith(reason));
    }
  }
}

// What cannot be read may say who was revoked. Only what does not exist is nothing.
TEST_F(TrustKeeperTest, C34_AKeptListThatCannotBeReadStopsTheStartAndAReload) {
  namespace fs = std::filesystem;
  UseCrlUrl();
  inputs_.revocation_policy = RevocationPolicy::kIfCovered;
  UseList({});
  const fs::path state = *inputs_.state_dir;
  fetcher_->Serve(kCrlUrl, MakeIndirect(pa_.root, {pa_.carrier.leaf}));
  TrustKeeper running(inputs_);
  ASSERT_THAT(Outcome(running.Load(kNow, {})), Succeeds());
  fetcher_->Remove(kCrlUrl);
  const fs::path list = state / ("crl-" + Sha256Hex(kCrlUrl) + ".crl");
  ASSERT_TRUE(fs::exists(list));

  const auto loop = [](const fs::path& path) { fs::create_symlink(path.filename(), path); };
  const auto garbage = [](const fs::path& path) {
    ASSERT_THAT(WriteFile(path, "garbage", FileMode::kPublic), Succeeds());
  };
  struct Case {
    fs::path spoilt;
    std::function<void(const fs::path&)> spoil;
    Reason reason;
  };
  const std::vector<Case> cases = {
      {state, loop, Reason::kFileUnreadable},
      {state, garbage, Reason::kFileUnreadable},
      {list, loop, Reason::kFileUnreadable},
      {list, garbage, Reason::kCrlInvalid},
      {list.string() + ".new", loop, Reason::kFileUnreadable},
      {state / "trust-list.json", loop, Reason::kFileUnreadable},
  };
  const fs::path aside = dir_.path() / "aside";
  for (const Case& one : cases) {
    SCOPED_TRACE(one.spoilt);
    const bool there = fs::exists(one.spoilt);
    if (there) fs::rename(one.spoilt, aside);
    one.spoil(one.spoilt);
    for (const bool named : {true, false}) {
      TrustInputs inputs = inputs_;
      if (!named) inputs.crl_refresh.urls.clear();
      TrustKeeper starting(inputs);
      const TrustReport report = starting.Load(kNow, {});
      const auto failure = report.FirstUnusableFile();
      ASSERT_TRUE(failure.has_value());
      EXPECT_EQ(failure->reason, one.reason);
      EXPECT_THAT(failure->detail, ::testing::HasSubstr(one.spoilt.string()));
      EXPECT_EQ(report.outcome, TrustReport::Outcome::kKept);
      EXPECT_THAT(Verify(starting), FailsWith(Reason::kChainUntrusted));
    }
    fs::remove(one.spoilt);
    if (there) fs::rename(aside, one.spoilt);
  }
  // While it runs as well: nothing changes, until it can be read again.
  fs::rename(list, aside);
  loop(list);
  TrustInputs inputs = inputs_;
  inputs.crl_refresh.urls.clear();
  fs::rename(state, dir_.path() / "state-aside");
  TrustKeeper keeper(inputs);
  ASSERT_FALSE(keeper.Load(kNow, {}).FirstUnusableFile().has_value());
  fs::remove_all(state);
  fs::rename(dir_.path() / "state-aside", state);
  EXPECT_TRUE(keeper.Load(kNow, {}).FirstUnusableFile().has_value());
  EXPECT_EQ(keeper.generation(), 1U);
  fs::remove(list);
  fs::rename(aside, list);
  EXPECT_FALSE(keeper.Load(kNow, {}).FirstUnusableFile().has_value());
  EXPECT_THAT(Verify(keeper), FailsWith(Reason::kCertificateRevoked));
}

// Kept by one who fetched it; used by those who fetch nothing and name no URL.
TEST_F(TrustKeeperTest, C34_KeptListsCountWithoutDownloadsAndUrls) {
  UseAnchorFile();
  CertSpec leaf = LeafSpec();
  leaf.distribution_points = {{.uri = "https://ca.example/crl"}};
  pa_.carrier.leaf = Issue(leaf, pa_.carrier.ca);
  fetcher_->Serve("https://ca.example/crl", MakeDirect(pa_.carrier.ca, {pa_.carrier.leaf}));
  inputs_.state_dir = dir_.path() / "state";
  TrustKeeper first(inputs_);
  ASSERT_THAT(Outcome(first.Load(kNow, {})), Succeeds());
  first.Watch(std::make_shared<const CertificateBundle>(Bundle()));
  ASSERT_THAT(Outcome(first.FetchWatched(kNow, {})), Succeeds());
  fetcher_->Remove("https://ca.example/crl");
  for (const bool downloads : {true, false}) {
    if (!downloads) inputs_.crl_fetcher = nullptr;
    TrustKeeper keeper(inputs_);
    EXPECT_THAT(Outcome(keeper.Load(kNow, {})), Succeeds());
    EXPECT_EQ(keeper.snapshot()->crls().size(), 1U);
    EXPECT_THAT(Verify(keeper), FailsWith(Reason::kCertificateRevoked));
    keeper.Watch(std::make_shared<const CertificateBundle>(Bundle()));
    keeper.FetchWatched(kNow, {});
    EXPECT_EQ(keeper.snapshot()->crls().size(), 1U);
    EXPECT_THAT(Verify(keeper), FailsWith(Reason::kCertificateRevoked));
  }
}

TEST_F(TrustKeeperTest, C34_KeptListsThatAreTooManyAreSaid) {
  UseAnchorFile();
  inputs_.state_dir = dir_.path() / "state";
  std::filesystem::create_directory(*inputs_.state_dir);
  const std::string list = MakeDirect(pa_.carrier.ca, {});
  for (const char* url : {"https://a.example/", "https://b.example/", "https://c.example/"}) {
    dir_.Put("state/crl-" + Sha256Hex(url) + ".crl", list);
  }
  for (const auto& [most, left_out] : {std::pair<size_t, bool>(2, true), {3, false}}) {
    inputs_.crl_refresh.max_urls = most;
    TrustKeeper keeper(inputs_);
    const auto report = keeper.Load(kNow, {});
    EXPECT_EQ(keeper.snapshot()->crls().size(), most);
    EXPECT_EQ(Outcome(report).has_value(), !left_out);
    EXPECT_FALSE(report.FirstUnusable().has_value());  // nobody is stopped by it
    if (!left_out) continue;
    EXPECT_THAT(Outcome(report), FailsWith(Reason::kCrlNotAvailable));
    EXPECT_THAT(report.FirstFailure()->detail, ::testing::HasSubstr("1 of the lists"));
  }
}

TEST_F(TrustKeeperTest, C35_HardAndSoftFailure) {
  UseCrlUrl();
  fetcher_->Serve(kCrlUrl, MakeIndirect(pa_.root, {}));
  inputs_.crl_grace = hours(2);
  for (const auto& [policy, stale] : {std::pair(RevocationPolicy::kRequired, Reason::kCrlStale),
                                      {RevocationPolicy::kIfCovered, Reason::kCrlStale},
                                      {RevocationPolicy::kBestEffort, Reason::kNone}}) {
    inputs_.revocation_policy = policy;
    TrustKeeper keeper(inputs_);
    ASSERT_THAT(Outcome(keeper.Load(kNow, {})), Succeeds());
    EXPECT_THAT(Verify(keeper, kNow + hours(25)), Succeeds());  // within the grace
    const auto late = Verify(keeper, kNow + hours(25) + seconds(1));
    EXPECT_EQ(late ? Reason::kNone : late.error().reason, stale);
  }
}

TEST_F(TrustKeeperTest, C35_BestEffortStillRefusesWhomAStaleListNames) {
  UseCrlUrl();
  fetcher_->Serve(kCrlUrl, MakeIndirect(pa_.root, {pa_.carrier.leaf}));
  inputs_.revocation_policy = RevocationPolicy::kBestEffort;
  TrustKeeper keeper(inputs_);
  ASSERT_THAT(Outcome(keeper.Load(kNow, {})), Succeeds());
  EXPECT_THAT(Verify(keeper, kNow + days(9)), FailsWith(Reason::kCertificateRevoked));
}

TEST_F(TrustKeeperTest, C35_DistributionPointsOfChainsThatLeadToAnAnchorAreWatched) {
  UseAnchorFile();
  CertSpec leaf = LeafSpec();
  leaf.distribution_points = {{.uri = "https://ca.example/crl"}, {.uri = "http://ca.example/crl"}};
  pa_.carrier.leaf = Issue(leaf, pa_.carrier.ca);
  fetcher_->Serve("https://ca.example/crl", MakeDirect(pa_.carrier.ca, {pa_.carrier.leaf}));
  TrustKeeper keeper(inputs_);
  ASSERT_THAT(Outcome(keeper.Load(kNow, {})), Succeeds());
  const auto watch = [&](const CertificateBundle& bundle) {
    keeper.Watch(std::make_shared<const CertificateBundle>(bundle));
    return keeper.FetchWatched(kNow, {});
  };
  EXPECT_TRUE(watch(BundleOf({Issue(leaf, IssueRoot("/CN=Stranger"))})).sources.empty());
  EXPECT_EQ(fetcher_->fetches(), 0);
  const auto report = watch(Bundle());
  EXPECT_THAT(Outcome(report), Succeeds());
  EXPECT_EQ(report.outcome, TrustReport::Outcome::kReplaced);
  EXPECT_EQ(fetcher_->fetches(), 1);
  EXPECT_THAT(Verify(keeper), FailsWith(Reason::kCertificateRevoked));
  EXPECT_TRUE(watch(Bundle()).sources.empty());
  EXPECT_EQ(fetcher_->fetches(), 1);
}

// EJBCA tells the lists of several CAs apart by the query. A scheme has no case (RFC 3986 3.1).
TEST_F(TrustKeeperTest, C33_ListsAreToldApartByTheWholeUrl) {
  UseAnchorFile();
  inputs_.state_dir = dir_.path() / "state";
  const std::string base = "HTTPS://ca.example/certdist?cmd=crl&issuer=CN=";
  CertSpec leaf = LeafSpec();
  leaf.distribution_points = {{.uri = base + "A"}, {.uri = base + "B"}};
  pa_.carrier.leaf = Issue(leaf, pa_.carrier.ca);
  fetcher_->Serve(base + "A", MakeDirect(pa_.carrier.ca, {}));
  fetcher_->Serve(base + "B", MakeDirect(pa_.carrier.ca, {pa_.carrier.leaf}));
  {
    TrustKeeper keeper(inputs_);
    ASSERT_THAT(Outcome(keeper.Load(kNow, {})), Succeeds());
    keeper.Watch(std::make_shared<const CertificateBundle>(Bundle()));
    EXPECT_THAT(Outcome(keeper.FetchWatched(kNow, {})), Succeeds());
    EXPECT_EQ(fetcher_->fetches(), 2);
    EXPECT_THAT(Verify(keeper), FailsWith(Reason::kCertificateRevoked));
  }
  // Both were kept.
  fetcher_->FailWith(Reason::kFetchConnectFailed);
  TrustKeeper keeper(inputs_);
  ASSERT_THAT(Outcome(keeper.Load(kNow, {})), Succeeds());
  EXPECT_THAT(Verify(keeper), FailsWith(Reason::kCertificateRevoked));
  const auto files = std::filesystem::directory_iterator(*inputs_.state_dir);
  EXPECT_EQ(std::count_if(begin(files), end(files),
                          [](const auto& file) { return file.path().extension() == ".crl"; }),
            2);
}

// A downloaded list that is not current counts as one of a file does: it covers, and it names.
TEST_F(TrustKeeperTest, C35_AStaleListOfADistributionPointIsNotAsIfThereWereNone) {
  UseAnchorFile();
  CertSpec leaf = LeafSpec();
  leaf.distribution_points = {{.uri = "https://ca.example/crl"}};
  pa_.carrier.leaf = Issue(leaf, pa_.carrier.ca);
  inputs_.state_dir = dir_.path() / "state";
  const sys_seconds late = kNow + days(2);
  const auto outcome = [&](TrustKeeper& keeper, sys_seconds at) {
    keeper.Watch(std::make_shared<const CertificateBundle>(Bundle()));
    EXPECT_THAT(Outcome(keeper.FetchWatched(at, {})), FailsWith(Reason::kCrlStale));
    const auto verified = Verify(keeper, at);
    return verified ? Reason::kNone : verified.error().reason;
  };
  for (const auto& [policy, listed, reason] :
       {std::tuple(RevocationPolicy::kIfCovered, true, Reason::kCrlStale),
        {RevocationPolicy::kIfCovered, false, Reason::kCrlStale},
        {RevocationPolicy::kRequired, true, Reason::kCrlStale},
        {RevocationPolicy::kBestEffort, true, Reason::kCertificateRevoked},
        {RevocationPolicy::kBestEffort, false, Reason::kNone}}) {
    std::vector<TestCert> names;
    if (listed) names.push_back(pa_.carrier.leaf);
    fetcher_->Serve("https://ca.example/crl", MakeDirect(pa_.carrier.ca, names));
    inputs_.revocation_policy = policy;
    std::filesystem::remove_all(*inputs_.state_dir);
    TrustKeeper keeper(inputs_);
    ASSERT_THAT(Outcome(keeper.Load(late, {})), Succeeds());
    EXPECT_EQ(outcome(keeper, late), reason);
    // A current list takes its place with the next fetch.
    fetcher_->Serve("https://ca.example/crl", MakeDirect(pa_.carrier.ca, {}, late));
    EXPECT_EQ(keeper.Maintain(late + seconds(60), {}).outcome, TrustReport::Outcome::kReplaced);
    const bool covered = policy != RevocationPolicy::kRequired;  // the intermediate is not
    EXPECT_EQ(Verify(keeper, late + seconds(60)).has_value(), covered);
  }
  // From the future, and within the grace.
  inputs_.revocation_policy = RevocationPolicy::kIfCovered;
  std::filesystem::remove_all(*inputs_.state_dir);
  fetcher_->Serve("https://ca.example/crl", MakeDirect(pa_.carrier.ca, {}, kNow + days(9)));
  TrustKeeper future(inputs_);
  ASSERT_THAT(Outcome(future.Load(kNow, {})), Succeeds());
  EXPECT_EQ(outcome(future, kNow), Reason::kCrlStale);
  std::filesystem::remove_all(*inputs_.state_dir);
  fetcher_->Serve("https://ca.example/crl", MakeDirect(pa_.carrier.ca, {}));
  inputs_.crl_grace = days(3);
  TrustKeeper graced(inputs_);
  ASSERT_THAT(Outcome(graced.Load(late, {})), Succeeds());
  EXPECT_EQ(outcome(graced, late), Reason::kNone);
}

// The same stale list again and again is no news; a newer one is, stale or not.
TEST_F(TrustKeeperTest, C35_AStaleListIsTakenOnce) {
  UseCrlUrl();
  const sys_seconds late = kNow + days(2);
  fetcher_->Serve(kCrlUrl, MakeIndirect(pa_.root, {}));
  TrustKeeper keeper(inputs_);
  EXPECT_THAT(Outcome(keeper.Load(late, {})), FailsWith(Reason::kCrlStale));
  const auto generation = keeper.generation();
  EXPECT_EQ(keeper.Maintain(late + seconds(60), {}).outcome, TrustReport::Outcome::kKept);
  EXPECT_EQ(keeper.generation(), generation);
  fetcher_->Serve(kCrlUrl, MakeIndirect(pa_.root, {pa_.carrier.leaf}, kNow + hours(2)));
  EXPECT_EQ(keeper.Maintain(late + seconds(180), {}).outcome, TrustReport::Outcome::kReplaced);
  inputs_.revocation_policy = RevocationPolicy::kBestEffort;
  EXPECT_EQ(keeper.generation(), generation + 1);
}

TEST_F(TrustKeeperTest, C35_ABundleOfACaThatBecomesTrustedLaterIsWatched) {
  CertSpec leaf = LeafSpec();
  leaf.distribution_points = {{.uri = "https://ca.example/crl"}};
  pa_.carrier.leaf = Issue(leaf, pa_.carrier.ca);
  fetcher_->Serve("https://ca.example/crl", MakeDirect(pa_.carrier.ca, {pa_.carrier.leaf}));
  inputs_.anchors = {dir_.Put("anchor.pem", IssueRoot("/CN=Other").pem)};
  TrustKeeper keeper(inputs_);
  ASSERT_THAT(Outcome(keeper.Load(kNow, {})), Succeeds());
  keeper.Watch(std::make_shared<const CertificateBundle>(Bundle()));
  EXPECT_TRUE(keeper.FetchWatched(kNow, {}).sources.empty());
  UseAnchorFile();
  ASSERT_THAT(Outcome(keeper.Load(kNow, {})), Succeeds());
  EXPECT_EQ(keeper.FetchWatched(kNow, {}).outcome, TrustReport::Outcome::kReplaced);
  EXPECT_THAT(Verify(keeper), FailsWith(Reason::kCertificateRevoked));
}

// The kept list is of a CA that nobody showed since the restart: a newer one counts beside it.
TEST_F(TrustKeeperTest, C35_ANewerListCountsAfterARestartThoughItsCaIsNotKnownYet) {
  constexpr const char* kOneCaUrl = "https://ca.example/crl";
  UseAnchorFile();
  inputs_.state_dir = dir_.path() / "state";
  inputs_.crl_refresh.urls = {kOneCaUrl};
  fetcher_->Serve(kOneCaUrl, MakeDirect(pa_.carrier.ca, {}, kNow - hours(2)));
  {
    TrustKeeper keeper(inputs_);
    ASSERT_THAT(Outcome(keeper.Load(kNow, {})), Succeeds());
    keeper.Watch(std::make_shared<const CertificateBundle>(Bundle()));
    EXPECT_THAT(Outcome(keeper.FetchWatched(kNow, {})), Succeeds());
    EXPECT_THAT(Verify(keeper), Succeeds());
  }
  fetcher_->Serve(kOneCaUrl, MakeDirect(pa_.carrier.ca, {pa_.carrier.leaf}));
  TrustKeeper keeper(inputs_);
  ASSERT_THAT(Outcome(keeper.Load(kNow, {})), Succeeds());
  EXPECT_THAT(Verify(keeper), FailsWith(Reason::kCertificateRevoked));
  keeper.Watch(std::make_shared<const CertificateBundle>(Bundle()));
  EXPECT_THAT(Outcome(keeper.FetchWatched(kNow, {})), Succeeds());
  EXPECT_THAT(Verify(keeper), FailsWith(Reason::kCertificateRevoked));
  // It is what is kept now.
  inputs_.crl_fetcher = nullptr;
  TrustKeeper offline(inputs_);
  offline.Load(kNow, {});
  EXPECT_THAT(Verify(offline), FailsWith(Reason::kCertificateRevoked));
}

// As a Kamailio's workers: another process downloads, these read what it keeps.
TEST_F(TrustKeeperTest, C35_WhoDoesNotDownloadTakesEachListThatIsKept) {
  constexpr const char* kOneCaUrl = "https://ca.example/crl";
  UseAnchorFile();
  inputs_.state_dir = dir_.path() / "state";
  inputs_.crl_refresh.urls = {kOneCaUrl};
  TrustInputs reading = inputs_;
  reading.crl_fetcher = nullptr;
  for (const bool named : {true, false}) {
    if (!named) reading.crl_refresh.urls.clear();
    fetcher_->Serve(kOneCaUrl, MakeDirect(pa_.carrier.ca, {}, kNow - hours(2)));
    std::filesystem::remove_all(*inputs_.state_dir);
    TrustKeeper fetching(inputs_);
    fetching.Watch(std::make_shared<const CertificateBundle>(Bundle()));
    fetching.Load(kNow, {});
    fetching.FetchWatched(kNow, {});
    TrustKeeper worker(reading);
    worker.Load(kNow, {});
    EXPECT_THAT(Verify(worker), Succeeds()) << named;
    fetcher_->Serve(kOneCaUrl, MakeDirect(pa_.carrier.ca, {pa_.carrier.leaf}));
    fetching.Maintain(kNow + hours(13), {});
    EXPECT_THAT(Verify(fetching), FailsWith(Reason::kCertificateRevoked)) << named;
    worker.Load(kNow, {});
    EXPECT_THAT(Verify(worker), FailsWith(Reason::kCertificateRevoked)) << named;
    // An older one in its place takes nothing back.
    const std::string path = *inputs_.state_dir / ("crl-" + Sha256Hex(kOneCaUrl) + ".crl");
    ASSERT_THAT(WriteFile(path, MakeDirect(pa_.carrier.ca, {}, kNow - hours(2)), FileMode::kPublic),
                Succeeds());
    worker.Load(kNow, {});
    EXPECT_THAT(Verify(worker), FailsWith(Reason::kCertificateRevoked)) << named;
  }
}

// What a restart brings in without the CA's chain is kept for the next one, also offline.
TEST_F(TrustKeeperTest, C35_AListThatWaitsIsKeptBesideTheGoodOne) {
  constexpr const char* kOneCaUrl = "https://ca.example/crl";
  UseAnchorFile();
  inputs_.state_dir = dir_.path() / "state";
  inputs_.crl_refresh.urls = {kOneCaUrl};
  fetcher_->Serve(kOneCaUrl, MakeDirect(pa_.carrier.ca, {}, kNow - hours(2)));
  ASSERT_THAT(Outcome(TrustKeeper(inputs_).Load(kNow, {})), Succeeds());
  fetcher_->Serve(kOneCaUrl, MakeDirect(pa_.carrier.ca, {pa_.carrier.leaf}));
  ASSERT_THAT(Outcome(TrustKeeper(inputs_).Load(kNow, {})), Succeeds());
  auto offline = inputs_;
  offline.crl_fetcher = nullptr;
  for (const bool named : {true, false}) {
    if (!named) offline.crl_refresh.urls.clear();
    TrustKeeper keeper(offline);
    keeper.Load(kNow, {});
    EXPECT_THAT(Verify(keeper), FailsWith(Reason::kCertificateRevoked)) << named;
  }
  // Once its CA is known it is the kept one.
  TrustKeeper keeper(inputs_);
  keeper.Load(kNow, {});
  keeper.Watch(std::make_shared<const CertificateBundle>(Bundle()));
  EXPECT_THAT(Outcome(keeper.FetchWatched(kNow, {})), Succeeds());
  const std::filesystem::directory_iterator files(*inputs_.state_dir);
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

// A forged list that waits takes nobody's place.
TEST_F(TrustKeeperTest, C33_WhatWaitsForItsCaReplacesNothing) {
  constexpr const char* kOneCaUrl = "https://ca.example/crl";
  UseAnchorFile();
  inputs_.state_dir = dir_.path() / "state";
  inputs_.crl_refresh.urls = {kOneCaUrl};
  fetcher_->Serve(kOneCaUrl, MakeDirect(pa_.carrier.ca, {pa_.carrier.leaf}, kNow - hours(2)));
  {
    TrustKeeper keeper(inputs_);
    keeper.Load(kNow, {});
    keeper.Watch(std::make_shared<const CertificateBundle>(Bundle()));
    EXPECT_THAT(Outcome(keeper.FetchWatched(kNow, {})), Succeeds());
  }
  const auto forger = Issue(CaSpec("/C=US/O=Test CA/CN=SHAKEN CA"), IssueRoot("/CN=Stranger"));
  fetcher_->Serve(kOneCaUrl, MakeDirect(forger, {}));
  for (const bool restarted : {false, true}) {
    TrustKeeper keeper(inputs_);
    keeper.Load(kNow, {});
    EXPECT_THAT(Verify(keeper), FailsWith(Reason::kCertificateRevoked)) << restarted;
    keeper.Watch(std::make_shared<const CertificateBundle>(Bundle()));
    keeper.FetchWatched(kNow, {});
    EXPECT_THAT(Verify(keeper), FailsWith(Reason::kCertificateRevoked)) << restarted;
  }
}

TEST_F(TrustKeeperTest, C35_AListOfAnUnknownCaIsKeptWhereNothingElseIs) {
  UseAnchorFile();
  inputs_.state_dir = dir_.path() / "state";
  inputs_.crl_refresh.urls = {"https://ca.example/crl"};
  fetcher_->Serve("https://ca.example/crl", MakeDirect(pa_.carrier.ca, {pa_.carrier.leaf}));
  ASSERT_THAT(Outcome(TrustKeeper(inputs_).Load(kNow, {})), Succeeds());
  inputs_.crl_refresh.urls.clear();
  inputs_.crl_fetcher = nullptr;
  TrustKeeper keeper(inputs_);
  keeper.Load(kNow, {});
  EXPECT_THAT(Verify(keeper), FailsWith(Reason::kCertificateRevoked));
}

// Whoever has a certificate of a trusted CA chooses how many lists it names.
TEST_F(TrustKeeperTest, C35_ManyDistributionPointsDoNotKeepOthersOut) {
  UseAnchorFile();
  inputs_.crl_refresh.max_urls = 8;
  TrustKeeper keeper(inputs_);
  ASSERT_THAT(Outcome(keeper.Load(kNow, {})), Succeeds());
  const auto watch = [&](const CertificateBundle& bundle) {
    keeper.Watch(std::make_shared<const CertificateBundle>(bundle));
    return keeper.FetchWatched(kNow, {});
  };
  for (int i = 0; i < 5; ++i) {
    CertSpec greedy = LeafSpec();
    for (int j = 0; j < 30; ++j) {
      const std::string name = std::to_string(i) + "-" + std::to_string(j);
      greedy.distribution_points.push_back({.uri = "https://greedy.example/" + name});
    }
    EXPECT_EQ(watch(BundleOf({Issue(greedy, pa_.carrier.ca), pa_.carrier.ca})).sources.size(), 4U);
  }
  CertSpec leaf = LeafSpec();
  leaf.distribution_points = {{.uri = "https://ca.example/crl"}};
  pa_.carrier.leaf = Issue(leaf, pa_.carrier.ca);
  fetcher_->Serve("https://ca.example/crl", MakeDirect(pa_.carrier.ca, {pa_.carrier.leaf}));
  watch(Bundle());
  EXPECT_THAT(Verify(keeper), FailsWith(Reason::kCertificateRevoked));
}

TEST_F(TrustKeeperTest, C35_TooManyGoodListsAreSaid) {
  UseAnchorFile();
  inputs_.crl_refresh.max_urls = 1;
  TrustKeeper keeper(inputs_);
  ASSERT_THAT(Outcome(keeper.Load(kNow, {})), Succeeds());
  for (const std::string url : {"https://ca.example/1", "https://ca.example/2"}) {
    CertSpec leaf = LeafSpec();
    leaf.distribution_points = {{.uri = url}};
    fetcher_->Serve(url, MakeDirect(pa_.carrier.ca, {}));
    keeper.Watch(std::make_shared<const CertificateBundle>(
        BundleOf({Issue(leaf, pa_.carrier.ca), pa_.carrier.ca})));
    keeper.FetchWatched(kNow, {});
  }
  EXPECT_THAT(Outcome(keeper.Maintain(kNow + hours(13), {})), FailsWith(Reason::kCrlNotAvailable));
}

// A list of a CA that is not known yet counts, and is judged again when the first chain shows it.
TEST_F(TrustKeeperTest, C35_MaintainFetchesForWatchedBundlesToo) {
  UseAnchorFile();
  inputs_.crl_refresh.urls = {"https://ca.example/crl"};
  fetcher_->Serve("https://ca.example/crl", MakeDirect(pa_.carrier.ca, {pa_.carrier.leaf}));
  TrustKeeper keeper(inputs_);
  const auto report = keeper.Load(kNow, {});
  EXPECT_THAT(Outcome(report), Succeeds());
  EXPECT_THAT(Verify(keeper), FailsWith(Reason::kCertificateRevoked));
  // A forgery of the CA's list in between lets nobody pass, and keeps no good list out.
  const auto impostor = IssueRoot("/C=US/O=Test CA/CN=SHAKEN Intermediate");
  fetcher_->Serve("https://ca.example/crl", MakeDirect(impostor, {}, kNow));
  TrustKeeper deceived(inputs_);
  EXPECT_THAT(Outcome(deceived.Load(kNow, {})), Succeeds());
  EXPECT_THAT(Verify(deceived), FailsWith(Reason::kCrlInvalid));
  fetcher_->Serve("https://ca.example/crl", MakeDirect(pa_.carrier.ca, {pa_.carrier.leaf}));
  for (TrustKeeper* each : {&keeper, &deceived}) {
    each->Watch(std::make_shared<const CertificateBundle>(Bundle()));
    EXPECT_EQ(each->Maintain(kNow, {}).outcome, TrustReport::Outcome::kReplaced);
    EXPECT_THAT(Verify(*each), FailsWith(Reason::kCertificateRevoked));
  }
}

TEST_F(TrustKeeperTest, C30_WhatIsAskedForAndNotThereIsSaid) {
  UseList({});
  inputs_.trust_list_client = nullptr;  // nothing was ever accepted
  TrustKeeper none(inputs_);
  EXPECT_THAT(Outcome(none.Load(kNow, {})), FailsWith(Reason::kTrustListNotAvailable));
  inputs_ = {};
  inputs_.crl_refresh.urls = {kCrlUrl};  // nothing may be downloaded, nothing is kept
  TrustKeeper offline(inputs_);
  const auto report = offline.Load(kNow, {});
  EXPECT_THAT(Outcome(report), FailsWith(Reason::kFetchOffline));
  EXPECT_TRUE(report.FirstUnusable().has_value());
}

// ----- Servers that hang

class HangingCrlTest : public TrustKeeperTest {
 protected:
  // A carrier whose certificate names `urls`; revoked by the list that ServeListOf serves.
  std::shared_ptr<const CertificateBundle> Carrier(const std::vector<std::string>& urls) {
    CertSpec leaf = LeafSpec();
    for (const std::string& url : urls) leaf.distribution_points.push_back({.uri = url});
    pa_.carrier.leaf = Issue(leaf, pa_.carrier.ca);
    return std::make_shared<const CertificateBundle>(Bundle());
  }
  void ServeListAt(const std::string& url) {
    fetcher_->Serve(url, MakeDirect(pa_.carrier.ca, {pa_.carrier.leaf}));
  }
  TrustKeeper& Start() {
    UseAnchorFile();
    keeper_.emplace(inputs_);
    EXPECT_THAT(Outcome(keeper_->Load(kNow, {})), Succeeds());
    return *keeper_;
  }
  static Deadline In(std::chrono::milliseconds time) { return Deadline::After(time); }

  std::optional<TrustKeeper> keeper_;
};

TEST_F(HangingCrlTest, C35_OneThatHangsTakesNoOtherCarriersFirstCall) {
  TrustKeeper& keeper = Start();
  fetcher_->Hang("https://a.example/crl");
  keeper.Watch(Carrier({"https://a.example/crl"}));
  EXPECT_THAT(Outcome(keeper.FetchWatched(kNow, In(std::chrono::milliseconds(50)))),
              FailsWith(Reason::kFetchTimeout));
  EXPECT_THAT(Verify(keeper), Succeeds());  // as configured
  keeper.Watch(Carrier({"https://b.example/crl"}));
  ServeListAt("https://b.example/crl");
  const auto report = keeper.FetchWatched(kNow, {});
  EXPECT_THAT(Outcome(report), Succeeds());
  EXPECT_EQ(report.sources.size(), 1U);
  EXPECT_THAT(Verify(keeper), FailsWith(Reason::kCertificateRevoked));
}

// Even with another CA, whose list might be at a URL that is known.
TEST_F(HangingCrlTest, C35_ANewCaDoesNotBringBackOneThatHung) {
  TrustKeeper& keeper = Start();
  fetcher_->Hang("https://a.example/crl");
  keeper.Watch(Carrier({"https://a.example/crl"}));
  keeper.FetchWatched(kNow, In(std::chrono::milliseconds(50)));
  pa_.carrier.ca = Issue(CaSpec("/C=US/O=Test CA/CN=SHAKEN other"), pa_.carrier.root);
  keeper.Watch(Carrier({"https://b.example/crl"}));
  ServeListAt("https://b.example/crl");
  EXPECT_EQ(keeper.FetchWatched(kNow, {}).sources.size(), 1U);
  EXPECT_THAT(Verify(keeper), FailsWith(Reason::kCertificateRevoked));
}

TEST_F(HangingCrlTest, C35_WhatFailedBeforeIsAskedLast) {
  TrustKeeper& keeper = Start();
  keeper.Watch(Carrier({"https://a.example/crl", "https://b.example/crl"}));
  ServeListAt("https://b.example/crl");
  const auto names = [&](sys_seconds at) {
    std::vector<std::string> urls;
    for (const TrustSource& source : keeper.Maintain(at, {}).sources) urls.push_back(source.name);
    return urls;
  };
  EXPECT_THAT(names(kNow),
              ::testing::ElementsAre("https://a.example/crl", "https://b.example/crl"));
  EXPECT_THAT(names(kNow + hours(13)),
              ::testing::ElementsAre("https://b.example/crl", "https://a.example/crl"));
}

TEST_F(HangingCrlTest, C35_OneThatHangsLeavesTimeForTheOthersOfTheCertificate) {
  TrustKeeper& keeper = Start();
  fetcher_->Hang("https://a.example/crl");
  keeper.Watch(Carrier({"https://a.example/crl", "https://b.example/crl"}));
  ServeListAt("https://b.example/crl");
  EXPECT_EQ(keeper.FetchWatched(kNow, In(seconds(4))).outcome, TrustReport::Outcome::kReplaced);
  EXPECT_THAT(Verify(keeper), FailsWith(Reason::kCertificateRevoked));
}

TEST_F(HangingCrlTest, C35_OneThatUsedUpItsShareHasFailed) {
  TrustKeeper& keeper = Start();
  for (const std::string url : {"https://a.example/1", "https://a.example/2"}) {
    fetcher_->Hang(url);
    keeper.Watch(Carrier({url}));
  }
  keeper.Watch(Carrier({"https://b.example/crl"}));
  ServeListAt("https://b.example/crl");
  EXPECT_EQ(keeper.Maintain(kNow, In(seconds(4))).sources.size(), 3U);
  EXPECT_THAT(Verify(keeper), FailsWith(Reason::kCertificateRevoked));
  EXPECT_TRUE(keeper.Maintain(kNow + seconds(59), {}).sources.empty());
}

TEST_F(HangingCrlTest, C35_NobodyWaitsForADownloadOfAnother) {
  TrustKeeper& keeper = Start();
  fetcher_->Hang("https://a.example/crl");
  keeper.Watch(Carrier({"https://a.example/crl"}));
  std::atomic<bool> ended = false;
  std::thread upkeep([&] {
    keeper.Maintain(kNow, In(std::chrono::minutes(5)));
    ended = true;
  });
  while (fetcher_->fetches() == 0) std::this_thread::yield();
  EXPECT_THAT(Outcome(keeper.Load(kNow, {})), Succeeds());
  EXPECT_TRUE(keeper.Maintain(kNow, {}).sources.empty());
  keeper.Watch(Carrier({"https://b.example/crl"}));
  ServeListAt("https://b.example/crl");
  EXPECT_EQ(keeper.FetchWatched(kNow, {}).outcome, TrustReport::Outcome::kReplaced);
  EXPECT_THAT(Verify(keeper), FailsWith(Reason::kCertificateRevoked));
  EXPECT_FALSE(ended);
  fetcher_->StopHanging();
  upkeep.join();
  EXPECT_THAT(Verify(keeper), FailsWith(Reason::kCertificateRevoked));
}

// What was taken out of the files meanwhile vouches for no list that comes.
TEST_F(HangingCrlTest, C33_AListIsJudgedByTheFilesOfTheTimeAtWhichItComes) {
  UseCrlUrl();
  fetcher_->Serve(kCrlUrl, MakeIndirect(pa_.root, {}));
  TrustKeeper& keeper = Start();
  ASSERT_EQ(keeper.snapshot()->crls().size(), 1U);
  const auto before = keeper.snapshot()->crls().front().this_update();
  fetcher_->Hang(kCrlUrl);
  const int fetches = fetcher_->fetches();
  TrustReport report;
  const sys_seconds later = kNow + hours(13);
  std::thread upkeep([&] { report = keeper.Maintain(later, In(std::chrono::minutes(5))); });
  while (fetcher_->fetches() == fetches) std::this_thread::yield();
  dir_.Put("pa-root.pem", IssueRoot("/C=US/O=STI-PA/CN=STI-PA Root").pem);
  EXPECT_EQ(keeper.Load(later, {}).outcome, TrustReport::Outcome::kReplaced);
  fetcher_->Serve(kCrlUrl, MakeIndirect(pa_.root, {}, later));
  fetcher_->StopHanging();
  upkeep.join();
  EXPECT_THAT(Outcome(report), FailsWith(Reason::kCrlInvalid));
  EXPECT_EQ(keeper.snapshot()->crls().front().this_update(), before);
}

// A call has so long and no longer, also for the work of others.
TEST_F(HangingCrlTest, C35_ACallDoesNotWaitForTheWorkOfOthers) {
  UseList({});
  fetcher_->Serve("https://b.example/crl", MakeDirect(pa_.carrier.ca, {}));
  TrustKeeper& keeper = Start();
  // Another process holds the state directory.
  std::optional held(LockFile(dir_.path() / "state" / "trust-list.lock", LockWait::kDoNotWait));
  ASSERT_THAT(*held, Succeeds());
  std::thread reload([&] { keeper.Load(kNow, {}); });
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  keeper.Watch(Carrier({"https://b.example/crl"}));
  auto call = std::async(std::launch::async, [&] {
    return keeper.FetchWatched(kNow, In(std::chrono::milliseconds(100)));
  });
  EXPECT_EQ(call.wait_for(seconds(5)), std::future_status::ready);
  held.reset();
  reload.join();
  EXPECT_THAT(call.get().sources, ::testing::IsEmpty());
  EXPECT_EQ(keeper.FetchWatched(kNow, {}).outcome, TrustReport::Outcome::kReplaced);
}

// ----- What throws keeps nothing else from its turn

// As if it were there, and no memory for it.
class ThrowingListClient final : public TrustListClient {
 public:
  [[nodiscard]] Result<std::string> Download(const Deadline& /*deadline*/) const override {
    throw std::bad_alloc();
  }
  [[nodiscard]] std::string Name() const override { return "a list that throws"; }
};

TEST_F(TrustKeeperTest, C35_ATrustListThatThrowsKeepsNoCrlFromItsTurn) {
  UseCrlUrl();
  fetcher_->Serve(kCrlUrl, MakeIndirect(pa_.root, {}));
  inputs_.trust_list_roots = {dir_.Put("list-root.pem", pa_.root.pem)};
  inputs_.trust_list_client = std::make_shared<ThrowingListClient>();
  TrustKeeper keeper(inputs_);
  EXPECT_THROW(keeper.Load(kNow, {}), std::bad_alloc);
  EXPECT_THAT(Verify(keeper), FailsWith(Reason::kChainUntrusted));  // nothing of it counts
  EXPECT_EQ(keeper.generation(), 0U);

  UseList({});
  inputs_.state_dir.reset();
  inputs_.trust_list_client = std::make_shared<FileTrustListClient>(dir_.path() / "list");
  inputs_.fetcher = fetcher_;
  TrustKeeper running(inputs_);
  ASSERT_THAT(Outcome(running.Load(kNow, {})), Succeeds());
  fetcher_->Serve(kCrlUrl, MakeIndirect(pa_.root, {pa_.carrier.leaf}, kNow + hours(24)));
  fetcher_->ThrowFor(kListX5u);  // in the middle of the stage before
  const sys_seconds later = kNow + hours(25);
  EXPECT_THROW(running.Maintain(later, {}), std::bad_alloc);
  EXPECT_EQ(running.generation(), 2U);
  EXPECT_THAT(Verify(running, later), FailsWith(Reason::kCertificateRevoked));
  // It is asked again at the pace of failures, and no lock was left behind.
  EXPECT_THAT(Outcome(running.Maintain(later + seconds(1), {})), Succeeds());
  EXPECT_THROW(running.Maintain(later + std::chrono::minutes(5), {}), std::bad_alloc);
}

TEST_F(HangingCrlTest, C35_AUrlThatThrowsKeepsNoOtherFromItsTurn) {
  TrustKeeper& keeper = Start();
  fetcher_->ThrowFor("https://a.example/crl");  // asked first
  keeper.Watch(Carrier({"https://a.example/crl", "https://b.example/crl"}));
  ServeListAt("https://b.example/crl");
  const TrustReport report = keeper.Maintain(kNow, {});
  ASSERT_EQ(report.sources.size(), 2U);
  EXPECT_EQ(report.sources[0].name, "https://a.example/crl");
  EXPECT_EQ(report.sources[0].failure->reason, Reason::kInternalError);
  EXPECT_FALSE(report.sources[0].in_use);
  EXPECT_EQ(report.outcome, TrustReport::Outcome::kReplaced);
  EXPECT_THAT(Verify(keeper), FailsWith(Reason::kCertificateRevoked));
  // Not in every round, but again.
  const int fetches = fetcher_->fetches();
  keeper.Maintain(kNow + seconds(59), {});
  EXPECT_EQ(fetcher_->fetches(), fetches);
  keeper.Maintain(kNow + seconds(60), {});
  EXPECT_EQ(fetcher_->fetches(), fetches + 1);
}

// The same of a first call.
TEST_F(HangingCrlTest, C35_AUrlThatThrowsTakesNoListFromTheCallThatAsks) {
  TrustKeeper& keeper = Start();
  fetcher_->ThrowFor("https://a.example/crl");
  keeper.Watch(Carrier({"https://a.example/crl", "https://b.example/crl"}));
  ServeListAt("https://b.example/crl");
  EXPECT_EQ(keeper.FetchWatched(kNow, {}).outcome, TrustReport::Outcome::kReplaced);
  EXPECT_THAT(Verify(keeper), FailsWith(Reason::kCertificateRevoked));
}

// ----- Bounds

// Strangers choose how many there are: the oldest is forgotten, here before its CA is trusted.
TEST_F(HangingCrlTest, C35_TheOldestOfTooManyBundlesIsForgotten) {
  const TestCert root = IssueRoot("/CN=Stranger");
  const auto stranger =
      std::make_shared<const CertificateBundle>(BundleOf({Issue(LeafSpec(), root), root}));
  const auto first = Carrier({"https://a.example/crl"});
  for (const auto& [others, asked] : {std::pair(255, 1), {256, 0}}) {
    inputs_.anchors = {dir_.Put("other.pem", pa_.root.pem)};
    TrustKeeper keeper(inputs_);
    ASSERT_THAT(Outcome(keeper.Load(kNow, {})), Succeeds());
    keeper.Watch(first);
    for (int i = 0; i < others; ++i) keeper.Watch(stranger);
    keeper.FetchWatched(kNow, {});
    dir_.Put("other.pem", pa_.carrier.root.pem);
    const int before = fetcher_->fetches();
    ASSERT_THAT(Outcome(keeper.Load(kNow, {})), Succeeds());
    keeper.FetchWatched(kNow, {});
    EXPECT_EQ(fetcher_->fetches() - before, asked) << others;
  }
  // So if nobody looks for long.
  const auto plain =
      std::make_shared<const CertificateBundle>(BundleOf({Issue(LeafSpec(), pa_.carrier.root)}));
  for (const auto& [others, asked] : {std::pair(16'383, 1), {16'384, 0}}) {
    TrustKeeper& keeper = Start();
    keeper.Watch(first);
    for (int i = 0; i < others; ++i) keeper.Watch(plain);
    const int before = fetcher_->fetches();
    keeper.FetchWatched(kNow, {});
    EXPECT_EQ(fetcher_->fetches() - before, asked) << others;
  }
}

// Until its nextUpdate, that second included, a list is current.
TEST_F(TrustKeeperTest, C35_AListIsCurrentAtItsNextUpdate) {
  UseCrlUrl();
  fetcher_->Serve(kCrlUrl, MakeIndirect(pa_.root, {}, kNow - hours(24)));
  EXPECT_THAT(Outcome(TrustKeeper(inputs_).Load(kNow, {})), Succeeds());
  EXPECT_THAT(Outcome(TrustKeeper(inputs_).Load(kNow + seconds(1), {})),
              FailsWith(Reason::kCrlStale));
}

// A list that ends at once is not asked for in every round; one good answer ends the pace of
// failures.
TEST_F(TrustKeeperTest, C35_ThePaceOfFetches) {
  UseCrlUrl();
  const auto asked_at = [&](TrustKeeper& keeper, sys_seconds at) {
    const int before = fetcher_->fetches();
    keeper.Maintain(at, {});
    return fetcher_->fetches() - before;
  };
  fetcher_->Serve(kCrlUrl, MakeIndirect(pa_.root, {}, kNow - hours(24) + seconds(5)));
  TrustKeeper keeper(inputs_);
  ASSERT_THAT(Outcome(keeper.Load(kNow, {})), Succeeds());
  EXPECT_EQ(asked_at(keeper, kNow + seconds(59)), 0);
  fetcher_->Remove(kCrlUrl);
  EXPECT_EQ(asked_at(keeper, kNow + seconds(60)), 1);  // fails: again after 60 s, then 120 s
  EXPECT_EQ(asked_at(keeper, kNow + seconds(120)), 1);
  EXPECT_EQ(asked_at(keeper, kNow + seconds(239)), 0);
  fetcher_->Serve(kCrlUrl, MakeIndirect(pa_.root, {}, kNow));
  EXPECT_EQ(asked_at(keeper, kNow + seconds(240)), 1);  // good until half a day later
  fetcher_->Remove(kCrlUrl);
  const sys_seconds later = kNow + seconds(240) + hours(12);
  EXPECT_EQ(asked_at(keeper, later - seconds(1)), 0);
  EXPECT_EQ(asked_at(keeper, later), 1);
  EXPECT_EQ(asked_at(keeper, later + seconds(59)), 0);
  EXPECT_EQ(asked_at(keeper, later + seconds(60)), 1);
}

TEST_F(TrustKeeperTest, C32_AStateThatIsOnlyReadIsNotWritten) {
  UseList({});
  inputs_.state_use = StateUse::kReadOnly;
  TrustKeeper keeper(inputs_);
  ASSERT_THAT(Outcome(keeper.Load(kNow, {})), Succeeds());
  EXPECT_THAT(Verify(keeper), Succeeds());
  EXPECT_FALSE(std::filesystem::exists(*inputs_.state_dir));
}

// While a reload waits for its list nobody publishes its files without it.
TEST_F(HangingCrlTest, C32_NoHalfOfAReloadIsPublished) {
  UseList({});
  TrustKeeper& keeper = Start();
  ASSERT_EQ(keeper.generation(), 1U);
  dir_.Put("anchor.pem", IssueRoot("/CN=Other").pem);
  fetcher_->Hang(kListX5u);
  const int fetches = fetcher_->fetches();
  std::thread reload([&] { keeper.Load(kNow, In(std::chrono::minutes(5))); });
  while (fetcher_->fetches() == fetches) std::this_thread::yield();
  EXPECT_EQ(keeper.Maintain(kNow, {}).outcome, TrustReport::Outcome::kKept);
  EXPECT_EQ(keeper.generation(), 1U);
  fetcher_->StopHanging();
  reload.join();
  EXPECT_EQ(keeper.generation(), 2U);
}

// ----- Calls that waited

// While a call waits for its turn another publishes: it is told so, to be judged by that.
TEST_F(HangingCrlTest, C35_ACallThatWaitedIsToldWhatWasPublishedMeanwhile) {
  UseList({});
  inputs_.crls = {dir_.Put("ca.crl", MakeDirect(pa_.carrier.ca, {}))};
  TrustKeeper& keeper = Start();
  ASSERT_EQ(keeper.generation(), 1U);
  // Another process holds the state directory, so that a reload stays in its turn.
  std::optional held(LockFile(dir_.path() / "state" / "trust-list.lock", LockWait::kDoNotWait));
  ASSERT_THAT(*held, Succeeds());
  dir_.Put("ca.crl", MakeDirect(pa_.carrier.ca, {pa_.carrier.leaf}));
  std::thread reload([&] { keeper.Load(kNow, {}); });
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  // A stranger's, so that nothing is fetched for it.
  keeper.Watch(std::make_shared<const CertificateBundle>(
      BundleOf({Issue(LeafSpec(), IssueRoot("/CN=Stranger"))})));
  auto call = std::async(std::launch::async, [&] { return keeper.FetchWatched(kNow, {}); });
  EXPECT_EQ(call.wait_for(std::chrono::milliseconds(100)), std::future_status::timeout);
  held.reset();
  const TrustReport report = call.get();
  reload.join();
  EXPECT_EQ(report.outcome, TrustReport::Outcome::kReplaced);
  EXPECT_EQ(report.generation, 2U);
  EXPECT_TRUE(report.sources.empty());
  EXPECT_THAT(Verify(keeper), FailsWith(Reason::kCertificateRevoked));
}

// ----- Threads

TEST_F(TrustKeeperTest, ThreadsVerifyWhileOthersReload) {
  UseList({});
  const auto bundle = std::make_shared<const CertificateBundle>(Bundle());
  TrustKeeper keeper(inputs_);
  ASSERT_THAT(Outcome(keeper.Load(kNow, {})), Succeeds());
  ChainCache cache;
  std::atomic<bool> stop = false;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      while (!stop) {
        if (!*cache.Verify(Bundle(), keeper.snapshot(), kNow)) ++wrong;
        keeper.Maintain(kNow, {});
      }
    });
  }
  for (int i = 0; i < 30; ++i) {
    if (i % 3 == 1) PutList({.sequence = i});
    if (i % 3 == 2) dir_.Put("list", "junk");
    keeper.Load(kNow, {});
    keeper.Watch(bundle);
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(keeper.trust_list()->list.sequence(), 28);
}

}  // namespace
}  // namespace callvet::test
