// SPDX-License-Identifier: MIT
// No memory, at every place where some is asked for: whatever fails, no call passes that must not,
// nothing is said of a genuine one but that something inside failed, all memory is freed, and the
// next call is judged as if nothing had been.
#include <set>

#include "base/base64url.h"
#include "call_fixture.h"
#include "faults/sweep.h"
#include "pki/crl.h"
#include "pki/fast_es256.h"
#include "redirected_call.h"

namespace callvet::test {
namespace {

// The reason's id, of a step that may throw: then "thrown".
template <class Step>
std::function<std::string_view()> Named(Step step) {
  return [step]() -> std::string_view {
    try {
      return Info(step()).id;
    } catch (const std::bad_alloc&) {
      return "thrown";
    }
  };
}

class NoMemory : public testing::Test {
 protected:
  // The verdicts of `call` by a new verifier, which knows no chain yet.
  static Outcomes SweepCall(TestCall& call) {
    call.source->bundle = std::make_shared<const CertificateBundle>(call.bundle);
    CallRequest request = call.request;
    request.identities =
        call.identities.empty() ? std::vector<std::string>{call.Identity()} : call.identities;
    return Sweep(Named([&call, request] { return JudgeOnce(call, request).reason; }));
  }
  static Verdict JudgeOnce(const TestCall& call, const CallRequest& request) {
    const Verifier verifier(call.options, call.store, call.source,
                            std::make_shared<FixedClock>(call.now), call.engine);
    Verdict verdict = verifier.Verify(request, call.deadline);
    EXPECT_EQ(verdict.passed(), verdict.verstat() == Verstat::kTnValidationPassed);
    return verdict;
  }
  static void ExpectNeverPassed(const Outcomes& outcomes, const std::string& reason) {
    EXPECT_EQ(outcomes.count("in full: " + reason), 1U) << testing::PrintToString(outcomes);
    EXPECT_EQ(outcomes.count("verified"), 0U) << testing::PrintToString(outcomes);
    EXPECT_GT(outcomes.at("allocations"), 20U);
  }
  // Where OpenSSL verifies certificates there are three allocations for each whose failure it
  // reports as a signature that does not match, and as no other error: nobody can tell. That
  // verdict is forgotten after half a minute.
  static void ExpectUndecided(const Outcomes& outcomes, const std::set<std::string>& more) {
    uint64_t misjudged = 0;
    for (const auto& [outcome, count] : outcomes) {
      if (outcome == "chain-invalid" || outcome == "chain-untrusted") {
        misjudged += count;
        continue;
      }
      if (more.contains(outcome)) continue;
      EXPECT_THAT(outcome, testing::AnyOf("in full: verified", "allocations", "thrown", "verified",
                                          "internal-error"))
          << count;
    }
    EXPECT_LT(misjudged, outcomes.at("allocations") / 10);
  }
  // The call's token, signed by somebody else.
  void Forge() {
    const std::string token = call_.Token();
    const std::string input = token.substr(0, token.rfind('.'));
    const std::string signature = IssueRoot().key.SignEs256(input);
    call_.identities = {input + "." + EncodeBase64Url(signature) + call_.parameters};
  }

  TestCall call_;
};

TEST_F(NoMemory, AGenuineCallIsVerifiedOrNotDecided) {
  const Outcomes outcomes = SweepCall(call_);
  EXPECT_EQ(outcomes.count("in full: verified"), 1U);
  ExpectUndecided(outcomes, {});
  EXPECT_GT(outcomes.at("allocations"), 100U);
  EXPECT_GT(outcomes.at("internal-error"), 100U);
}

TEST_F(NoMemory, AForgedSignatureNeverPasses) {
  Forge();
  ExpectNeverPassed(SweepCall(call_), "signature-invalid");
}

TEST_F(NoMemory, AForgedSignatureNeverPassesTheTables) {
  Es256EngineOptions options;
  options.promote_after = 1;
  options.table_bytes = size_t{1} << 20;
  options.key_window = 4;
  options.generator_windows = 64;
  auto engine = FastEs256Engine::Make(options);
  ASSERT_THAT(engine, Succeeds());
  call_.engine = *engine;
  const Outcomes good = SweepCall(call_);
  EXPECT_EQ(good.count("in full: verified"), 1U);
  Forge();
  ExpectNeverPassed(SweepCall(call_), "signature-invalid");
}

TEST_F(NoMemory, AnEngineIsMadeWholeOrNotAtAll) {
  Es256EngineOptions options;
  options.table_bytes = size_t{1} << 20;
  options.key_window = 4;
  options.generator_windows = 64;
  const Outcomes outcomes = Sweep([&]() -> std::string_view {
    try {
      const auto made = FastEs256Engine::Make(options);
      if (made) return "made";
      return made.error().reason == Reason::kInternalError ? "not made" : "REFUSED";
    } catch (const std::bad_alloc&) {
      return "not made";
    }
  });
  EXPECT_EQ(outcomes.count("in full: made"), 1U);
  EXPECT_EQ(outcomes.count("REFUSED"), 0U);
  EXPECT_GE(outcomes.at("not made"), 4U);
}

TEST_F(NoMemory, ASpoofedCallNeverPasses) {
  call_.request.orig = {"+12155550199"};
  ExpectNeverPassed(SweepCall(call_), "orig-mismatch");
}

TEST_F(NoMemory, AnUntrustedChainNeverPasses) {
  call_.store = StoreOf({.anchors = {IssueRoot()}});
  ExpectNeverPassed(SweepCall(call_), "chain-untrusted");
}

TEST_F(NoMemory, ARevokedCertificateNeverPasses) {
  CrlSpec crl;
  crl.entries = {{.serial_hex = call_.leaf.certificate.serial_hex()}};
  call_.store = StoreOf({.anchors = {call_.root}, .crls = {MakeCrl(crl, call_.ca)}});
  ExpectNeverPassed(SweepCall(call_), "certificate-revoked");
}

TEST_F(NoMemory, AnExpiredCertificateNeverPasses) {
  CertSpec spec = LeafSpec();
  spec.not_after = kNow - hours(1);
  call_.UseLeaf(spec);
  ExpectNeverPassed(SweepCall(call_), "certificate-expired");
}

TEST_F(NoMemory, ANumberOutsideTheListNeverPasses) {
  CertSpec spec = LeafSpec();
  spec.tn_auth_list = NumberList({{.start = "12025550100"}});
  call_.UseLeaf(spec);
  ExpectNeverPassed(SweepCall(call_), "tn-not-authorized");
}

TEST_F(NoMemory, AChainOfDiversionsWithoutALinkNeverPasses) {
  RedirectedCall call;
  const Carrier first = call.MakeCarrier();
  const Carrier second = call.MakeCarrier();
  CallRequest request = call.request;
  request.dest = {"+" + Number(1)};
  const auto judge = [&](const std::vector<std::string>& identities, int to) {
    request.identities = identities;
    request.target = "sip:+" + Number(to) + "@example.org";
    const Verifier verifier(call.options, call.store, call.source,
                            std::make_shared<FixedClock>(call.now),
                            std::make_shared<OpenSslEs256Engine>());
    return verifier.Verify(request, Deadline()).reason;
  };
  const std::vector<std::string> identities = {call.Shaken(first, 1), call.Div(second, 1, 2)};
  const Outcomes whole = Sweep(Named([&] {
    call.source->asked.clear();
    call.source->asked.shrink_to_fit();
    return judge(identities, 2);
  }));
  EXPECT_EQ(whole.count("in full: verified"), 1U);
  // Of two PASSporTs one is undecided, and what that makes of the other is what is said of the
  // call.
  ExpectUndecided(whole, {"dest-mismatch", "div-link-missing", "div-innermost-invalid"});
  const Outcomes broken = Sweep(Named([&] {
    call.source->asked.clear();
    call.source->asked.shrink_to_fit();
    return judge(identities, 3);
  }));
  EXPECT_EQ(broken.count("verified"), 0U) << testing::PrintToString(broken);
}

}  // namespace
}  // namespace callvet::test
