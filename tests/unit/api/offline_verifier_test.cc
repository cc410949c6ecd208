// SPDX-License-Identifier: MIT
#include "api/offline_verifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/handed_certificates.h"
#include "api/verifier_config.h"
#include "api_lab.h"
#include "base/file.h"
#include "support/result_matchers.h"
#include "support/temporary_directory.h"
#include "support/test_pki.h"

namespace callvet::test {
namespace {

using State = HandedCertificates::State;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

class SettableClock final : public Clock {
 public:
  sys_seconds now = kNow;
  [[nodiscard]] sys_seconds Now() const override { return now; }
};

HandedTimes Fresh(sys_seconds now) {
  return {now, now + seconds(600), now + seconds(1200)};
}

class Handed : public testing::Test {
 protected:
  std::shared_ptr<SettableClock> clock_ = std::make_shared<SettableClock>();
  HandedCertificates source_{{}, clock_};
  Hierarchy hierarchy_ = MakeHierarchy();
  std::string pem_ = PemOf({hierarchy_.leaf, hierarchy_.ca});
};

TEST_F(Handed, C23_FreshThenStaleThenMissing) {
  EXPECT_EQ(source_.StateOf(kX5u), State::kMissing);
  EXPECT_THAT(source_.Get(kX5u, Deadline()), FailsWith(Reason::kCertificateNotAvailable));
  ASSERT_THAT(source_.Put(kX5u, pem_, Fresh(kNow)), Succeeds());
  EXPECT_EQ(source_.StateOf(kX5u), State::kFresh);
  clock_->now = kNow + seconds(600);
  EXPECT_EQ(source_.StateOf(kX5u), State::kStale);
  EXPECT_THAT(source_.Get(kX5u, Deadline()), Succeeds());
  clock_->now = kNow + seconds(1200);
  EXPECT_EQ(source_.StateOf(kX5u), State::kMissing);
  EXPECT_THAT(source_.Get(kX5u, Deadline()), FailsWith(Reason::kCertificateNotAvailable));
}

TEST_F(Handed, C23_ExpiredCertificateIsGivenForAMinuteSoThatItIsRefusedAndNotFetchedAgain) {
  clock_->now = kNow + hours(24 * 365);
  ASSERT_THAT(source_.Put(kX5u, pem_, Fresh(clock_->now)), Succeeds());
  EXPECT_THAT(source_.Get(kX5u, Deadline()), Succeeds());
  clock_->now += kHandedAtLeast;
  EXPECT_EQ(source_.StateOf(kX5u), State::kMissing);
}

TEST_F(Handed, FailureStandsUntilItsEndOrAPut) {
  source_.PutFailure(kX5u, Fail(Reason::kFetchTimeout, ""), kNow + seconds(30));
  EXPECT_EQ(source_.StateOf(kX5u), State::kFailed);
  EXPECT_THAT(source_.Get(kX5u, Deadline()), FailsWith(Reason::kFetchTimeout));
  clock_->now = kNow + seconds(30);
  EXPECT_THAT(source_.Get(kX5u, Deadline()), FailsWith(Reason::kCertificateNotAvailable));
  source_.PutFailure(kX5u, Fail(Reason::kFetchTimeout, ""), kNow + seconds(90));
  ASSERT_THAT(source_.Put(kX5u, pem_, Fresh(kNow)), Succeeds());
  EXPECT_THAT(source_.Get(kX5u, Deadline()), Succeeds());
  // A failure does not take a good copy away.
  source_.PutFailure(kX5u, Fail(Reason::kFetchTimeout, ""), kNow + seconds(90));
  EXPECT_THAT(source_.Get(kX5u, Deadline()), Succeeds());
}

TEST_F(Handed, WhatIsNoCertificateIsNotKept) {
  EXPECT_THAT(source_.Put(kX5u, "nothing", Fresh(kNow)), FailsWith(Reason::kCertificateUnreadable));
  EXPECT_EQ(source_.StateOf(kX5u), State::kMissing);
}

TEST_F(Handed, ForgetsOneOrAll) {
  ASSERT_THAT(source_.Put("https://a.example.org/a", pem_, Fresh(kNow)), Succeeds());
  ASSERT_THAT(source_.Put("https://a.example.org/b", pem_, Fresh(kNow)), Succeeds());
  source_.PutFailure("https://a.example.org/c", Fail(Reason::kFetchBusy, ""), kNow + seconds(9));
  EXPECT_EQ(source_.Forget("https://a.example.org/a"), 1U);
  EXPECT_EQ(source_.StateOf("https://a.example.org/a"), State::kMissing);
  EXPECT_EQ(source_.ForgetAll(), 1U);
  EXPECT_EQ(source_.StateOf("https://a.example.org/c"), State::kMissing);
}

TEST_F(Handed, FailuresAreBounded) {
  for (size_t i = 0; i < HandedCertificates::kMaxFailures + 10; ++i) {
    source_.PutFailure("https://a.example.org/" + std::to_string(100'000 + i),
                       Fail(Reason::kFetchBusy, ""), kNow + seconds(9));
  }
  EXPECT_EQ(source_.StateOf("https://a.example.org/100000"), State::kMissing);
  EXPECT_EQ(source_.StateOf("https://a.example.org/" +
                            std::to_string(100'009 + HandedCertificates::kMaxFailures)),
            State::kFailed);
}

TEST(EmbeddedConfig, TakesTheFileOfTheServiceAndRefusesWhatNobodyKnows) {
  const auto config = ParseEmbeddedConfig(
      R"({"listen": "127.0.0.1:1", "limits": {"workers": 1}, "policy": "p.json", // of a server
          "trust": {"anchors": "a.pem"}, "verification": {"deadline_ms": 500}})",
      "/etc/callvet");
  ASSERT_THAT(config, Succeeds());
  EXPECT_EQ(config->policy, "/etc/callvet/p.json");
  EXPECT_THAT(config->verifier.trust.anchors, ElementsAre("/etc/callvet/a.pem"));
  EXPECT_EQ(config->deadline, std::chrono::milliseconds(500));
  EXPECT_THAT(ParseEmbeddedConfig(R"({"no": 1})", ""), FailsWith(Reason::kConfigInvalid));
  EXPECT_THAT(ParseEmbeddedConfig(R"({"trust": {"no": 1}})", ""),
              FailsWith(Reason::kConfigInvalid));
  EXPECT_THAT(ReadEmbeddedConfig("/nonexistent"), FailsWith(Reason::kFileUnreadable));
}

TEST(EmbeddedConfig, H9_SaysOfEvidenceWhatTheServicesSays) {
  EXPECT_FALSE(ParseEmbeddedConfig("{}", "")->evidence.has_value());
  const auto config = ParseEmbeddedConfig(
      R"({"evidence": {"store": "calls.db", "spill_dir": "spill", "when_full": "count"}})",
      "/etc/callvet");
  ASSERT_THAT(config, Succeeds());
  ASSERT_TRUE(config->evidence.has_value());
  EXPECT_EQ(config->evidence->setup.store, "/etc/callvet/calls.db");
  EXPECT_EQ(config->evidence->writer.spill_directory, "/etc/callvet/spill");
  EXPECT_EQ(config->evidence->writer.loss, EvidenceLoss::kCount);
  for (const char* bad : {R"({"evidence": {}})", R"({"evidence": {"store": "a", "no": 1}})",
                          R"({"evidence": {"store": "a", "when_full": "maybe"}})"}) {
    EXPECT_THAT(ParseEmbeddedConfig(bad, ""), FailsWith(Reason::kConfigInvalid)) << bad;
  }
}

class Offline : public testing::Test {
 protected:
  Offline() {
    config_.verifier.trust.anchors = {Write("root.pem", hierarchy_.root.pem)};
    config_.verifier.clock = std::make_shared<FixedClock>(kNow);
  }
  std::filesystem::path Write(const std::string& name, const std::string& bytes) const {
    EXPECT_THAT(WriteFile(folder_.path() / name, bytes, FileMode::kPublic), Succeeds());
    return folder_.path() / name;
  }
  [[nodiscard]] std::unique_ptr<OfflineVerifier> Make(const std::string& policy = "") const {
    auto made = OfflineVerifier::Make(config_, policy, {});
    EXPECT_THAT(made, Succeeds());
    return made ? std::move(*made) : nullptr;
  }
  [[nodiscard]] std::string Token() const {
    const std::string input = EncodeBase64Url(kHeader) + "." + EncodeBase64Url(Payload());
    return input + "." + EncodeBase64Url(hierarchy_.leaf.key.SignEs256(input));
  }
  [[nodiscard]] CallRequest Call() const {
    CallRequest call;
    call.identities = {Token() + ";info=<" + std::string(kX5u) + ">;alg=ES256;ppt=shaken"};
    call.orig = {"+12155550100"};
    call.dest = {"+12155550101"};
    return call;
  }
  void PutChain(const OfflineVerifier& verifier) const {
    EXPECT_THAT(
        verifier.certificates().Put(kX5u, PemOf({hierarchy_.leaf, hierarchy_.ca}), Fresh(kNow)),
        Succeeds());
  }

  Hierarchy hierarchy_ = MakeHierarchy();
  TemporaryDirectory folder_;
  EmbeddedConfig config_;
};

TEST_F(Offline, SaysWhatIsMissingThenVerifies) {
  const auto verifier = Make();
  const auto before = verifier->Judge(Call(), "", std::nullopt);
  EXPECT_EQ(before.verdict.reason, Reason::kCertificateNotAvailable);
  EXPECT_EQ(before.disposition.action, Action::kReject);
  EXPECT_THAT(before.missing, ElementsAre(std::string(kX5u)));
  PutChain(*verifier);
  const auto after = verifier->Judge(Call(), "", std::nullopt);
  EXPECT_EQ(after.verdict.reason, Reason::kNone);
  EXPECT_EQ(after.disposition.action, Action::kPass);
  EXPECT_THAT(after.missing, IsEmpty());
  EXPECT_EQ(verifier->Judge(Call(), "", kNow + seconds(61)).verdict.reason, Reason::kIatStale);
}

TEST_F(Offline, NothingIsAskedForWhenACheapCheckRefuses) {
  const auto verifier = Make();
  CallRequest call = Call();
  call.orig = {"+12155550199"};
  const auto judgement = verifier->Judge(call, "", std::nullopt);
  EXPECT_EQ(judgement.verdict.reason, Reason::kOrigMismatch);
  EXPECT_THAT(judgement.missing, IsEmpty());
}

TEST_F(Offline, FilesOfCertificatesAreNeverMissing) {
  config_.verifier.certificates = {Write("chain.pem", PemOf({hierarchy_.leaf, hierarchy_.ca}))};
  const auto verifier = Make();
  EXPECT_EQ(verifier->Judge(Call(), "", std::nullopt).verdict.reason, Reason::kNone);
}

TEST_F(Offline, UnreadableRequestIsNeverPassed) {
  const auto verifier = Make(R"({"default": {"mode": "intercept"}})");
  const auto judgement = verifier->JudgeUnreadable(Fail(Reason::kSipMessageInvalid, ""), "");
  EXPECT_EQ(judgement.verdict.reason, Reason::kSipMessageInvalid);
  EXPECT_EQ(judgement.disposition.action, Action::kReject);
  EXPECT_FALSE(verifier->JudgeUnreadable({Reason::kNone, ""}, "").verdict.passed());
}

TEST_F(Offline, H9_JudgementsHaveABasisIfEvidenceIsKept) {
  EXPECT_FALSE(Make()->Judge(Call(), "", std::nullopt).basis.has_value());
  config_.evidence.emplace();
  const auto verifier = Make(R"({"default": {"mode": "tag"}})");
  PutChain(*verifier);
  for (const auto& at : {std::optional<sys_seconds>(), std::optional<sys_seconds>(kNow)}) {
    const auto judgement = verifier->Judge(Call(), "", at);
    EXPECT_EQ(judgement.verdict.reason, Reason::kNone);
    ASSERT_TRUE(judgement.basis.has_value());
    EXPECT_NE(judgement.basis->options, nullptr);
    EXPECT_NE(judgement.basis->material.trust_store, nullptr);
    EXPECT_EQ(judgement.basis->material.certificates.size(), 1U);
    EXPECT_EQ(judgement.basis->policy.size(), 64U);
  }
  const auto unreadable = verifier->JudgeUnreadable(Fail(Reason::kSipMessageInvalid, ""), "");
  ASSERT_TRUE(unreadable.basis.has_value());
  EXPECT_NE(unreadable.basis->options, nullptr);
}

TEST_F(Offline, H9_CallWithoutEvidenceIsRejectedInEveryModeByThePolicysAnswer) {
  for (const char* mode : {"intercept", "tag", "observe"}) {
    const auto verifier = Make(R"({"default": {"mode": ")" + std::string(mode) +
                               R"(", "certificate_unavailable": "open"}})");
    const auto refused = verifier->Refuse(Call(), "", Reason::kEvidenceNotKept);
    EXPECT_EQ(refused.verdict.reason, Reason::kEvidenceNotKept);
    EXPECT_EQ(refused.disposition.action, Action::kReject) << mode;
    EXPECT_EQ(refused.disposition.sip_code, 503) << mode;
    EXPECT_FALSE(refused.basis.has_value());
  }
  const auto verifier =
      Make(R"({"default": {"overrides": {"evidence-not-kept": {"sip_code": 480}}}})");
  EXPECT_EQ(verifier->Refuse(Call(), "", Reason::kEvidenceNotKept).disposition.sip_code, 480);
  EXPECT_FALSE(verifier->Refuse(Call(), "", Reason::kNone).verdict.passed());
}

TEST_F(Offline, H9_EmergencyCallGoesOnWithoutEvidence) {
  const auto verifier = Make();
  CallRequest call = Call();
  call.dest = {"urn:service:sos"};
  const auto judgement = verifier->Refuse(call, "", Reason::kEvidenceNotKept);
  EXPECT_TRUE(judgement.disposition.emergency);
  EXPECT_NE(judgement.disposition.action, Action::kReject);
}

TEST_F(Offline, ReloadIsAllOrNothing) {
  const auto policy = Write("policy.json", R"({"default": {"mode": "tag"}})");
  config_.policy = policy;
  const auto verifier = Make();
  PutChain(*verifier);
  Write("policy.json", R"({"default": {"mode": "intercept"}})");
  Write("root.pem", "no certificate");
  EXPECT_THAT(verifier->Reload(), FailsWith(Reason::kFileInvalid));
  EXPECT_EQ(verifier->Judge(Call(), "", std::nullopt).verdict.reason, Reason::kNone);
  EXPECT_EQ(verifier->Judge({}, "", std::nullopt).disposition.mode, PolicyMode::kTag);
  Write("root.pem", IssueRoot("/C=US/O=Other/CN=Other Root").pem);
  EXPECT_THAT(verifier->Reload(), Succeeds());
  EXPECT_EQ(verifier->Judge(Call(), "", std::nullopt).verdict.reason, Reason::kChainUntrusted);
  EXPECT_EQ(verifier->Judge({}, "", std::nullopt).disposition.mode, PolicyMode::kIntercept);
}

TEST_F(Offline, WithoutAnchorsNothingPassesAndItSaysSo) {
  config_.verifier.trust.anchors.clear();
  const auto verifier = Make();
  PutChain(*verifier);
  EXPECT_TRUE(verifier->NotReady().has_value());
  EXPECT_FALSE(verifier->Judge(Call(), "", std::nullopt).verdict.passed());
}

TEST_F(Offline, BadPolicyOrAnchorsFailToStart) {
  EXPECT_THAT(OfflineVerifier::Make(config_, R"({"no": 1})", {}),
              FailsWith(Reason::kConfigInvalid));
  config_.policy = Write("policy.json", "{}");
  EXPECT_THAT(OfflineVerifier::Make(config_, "", {}), Succeeds());
  // Two policies: it would not be clear which one counts.
  EXPECT_THAT(OfflineVerifier::Make(config_, "{}", {}), FailsWith(Reason::kConfigInvalid));
  config_.policy.clear();
  config_.verifier.trust.anchors = {folder_.path() / "none"};
  EXPECT_THAT(OfflineVerifier::Make(config_, "", {}), FailsWith(Reason::kFileUnreadable));
}

}  // namespace
}  // namespace callvet::test
