// SPDX-License-Identifier: MIT
// What the passing path leaves out or remembers must change no verdict: details, JOSE headers.
#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "call_fixture.h"
#include "verify/known_headers.h"

namespace callvet::test {
namespace {

// One verifier for many calls, as in service.
class PassingPath : public testing::Test {
 protected:
  Verdict JudgeAgain(const std::string& identity, Details details = Details::kAll) {
    if (verifier_ == nullptr) {
      call_.source->bundle = std::make_shared<const CertificateBundle>(call_.bundle);
      verifier_ = std::make_unique<Verifier>(call_.options, call_.store, call_.source,
                                             std::make_shared<FixedClock>(call_.now), call_.engine);
    }
    CallRequest request = call_.request;
    request.identities = {identity};
    request.details = details;
    return verifier_->Verify(request, Deadline());
  }

  TestCall call_;
  std::unique_ptr<Verifier> verifier_;
};

void ExpectTheSameButForDetails(const Verdict& with, const Verdict& without) {
  EXPECT_EQ(with.reason, without.reason);
  EXPECT_EQ(with.decided_by, without.decided_by);
  ASSERT_EQ(with.passports.size(), without.passports.size());
  for (size_t i = 0; i < with.passports.size(); ++i) {
    const auto& full = with.passports[i].checks;
    const auto& brief = without.passports[i].checks;
    ASSERT_EQ(full.size(), brief.size());
    for (size_t c = 0; c < full.size(); ++c) {
      EXPECT_EQ(full[c].outcome, brief[c].outcome) << full[c].id;
      EXPECT_EQ(full[c].reason, brief[c].reason) << full[c].id;
      const bool failed = full[c].outcome == CheckOutcome::kFailed;
      EXPECT_EQ(brief[c].detail, failed ? full[c].detail : "") << full[c].id;
    }
  }
}

TEST_F(PassingPath, DetailsOfWhatPassedAreMadeOnlyWhenAskedFor) {
  const Verdict with = JudgeAgain(call_.Identity());
  ASSERT_TRUE(with.passed());
  for (const Check& check : with.passports.at(0).checks) EXPECT_NE(check.detail, "") << check.id;
  ExpectTheSameButForDetails(with, JudgeAgain(call_.Identity(), Details::kOfFailures));
}

TEST_F(PassingPath, DetailsOfFailuresAreAlwaysMade) {
  call_.payload = Payload({{"dest", R"({"tn":["12155550199"]})"}});
  const std::string identity = call_.Identity();
  const Verdict with = JudgeAgain(identity);
  EXPECT_EQ(with.reason, Reason::kDestMismatch);
  ExpectTheSameButForDetails(with, JudgeAgain(identity, Details::kOfFailures));
}

// The second time the header is known. A bit of it that differs makes it another one.
TEST_F(PassingPath, A10_AKnownHeaderStillHasToBeTheSignedOne) {
  ASSERT_TRUE(JudgeAgain(call_.Identity()).passed());
  ASSERT_TRUE(JudgeAgain(call_.Identity()).passed());
  const std::string identity = call_.Identity();
  for (size_t i = 0; i < identity.find('.'); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped = identity;
      flipped[i] = static_cast<char>(flipped[i] ^ (1 << bit));
      EXPECT_FALSE(JudgeAgain(flipped).passed()) << "byte " << i << " bit " << bit;
    }
  }
}

// What stood where the footprint of a known header says is freed: the header is still known, and
// the signer is judged by what there is now.
TEST_F(PassingPath, AFootprintMayBeOfWhatIsGone) {
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(JudgeAgain(call_.Identity()).passed());
  const auto again = ParseBundle(call_.leaf.pem + call_.ca.pem);
  ASSERT_TRUE(again.has_value());
  call_.bundle = *again;
  call_.source->bundle = std::make_shared<const CertificateBundle>(*again);
  verifier_->ReplaceTrustStore(StoreOf({.anchors = {call_.root}}));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(JudgeAgain(call_.Identity()).passed());
  verifier_->ReplaceTrustStore(std::make_shared<const TrustStore>());
  EXPECT_FALSE(JudgeAgain(call_.Identity()).passed());
}

// What the header is held against comes with each call.
TEST_F(PassingPath, A11_AKnownHeaderIsHeldAgainstTheParametersOfTheCall) {
  ASSERT_TRUE(JudgeAgain(call_.Identity()).passed());
  call_.parameters = ";info=<https://cert.example.org/q.pem>;alg=ES256;ppt=shaken";
  EXPECT_EQ(JudgeAgain(call_.Identity()).reason, Reason::kX5uDiffersFromInfo);
  call_.parameters = ";info=<http://cert.example.org/p.pem>;alg=ES256;ppt=shaken";
  EXPECT_EQ(JudgeAgain(call_.Identity()).reason, Reason::kInfoInvalid);
  call_.parameters = ";info=https://cert.example.org/p.pem;alg=ES256;ppt=shaken";
  EXPECT_EQ(JudgeAgain(call_.Identity()).reason, Reason::kInfoInvalid);
  call_.parameters = ";info=<https://cert.example.org/p.pem>;alg=ES256;ppt=div";
  EXPECT_EQ(JudgeAgain(call_.Identity()).reason, Reason::kPptMismatch);
}

TEST(KnownHeaders, OnlyTheSameBytesAreFound) {
  KnownHeaders known;
  const JoseHeader header{"ES256", "shaken", "passport", "x"};
  EXPECT_EQ(known.Find("abc"), nullptr);
  EXPECT_EQ(known.Find(""), nullptr);
  // A thread may run on another processor in between: each has a table of its own.
  for (int i = 0; i < 1000 && known.Find("abc") == nullptr; ++i) {
    known.Remember("abc", {header, nullptr, nullptr, {}});
  }
  EXPECT_EQ(known.Find("abd"), nullptr);
  EXPECT_EQ(known.Find("ab"), nullptr);
  const std::string long_one(5'000, 'a');
  known.Remember(long_one, {header, nullptr, nullptr, {}});
  EXPECT_EQ(known.Find(long_one), nullptr);
}

// What was approached is a hint: the bytes that are asked for count.
TEST(KnownHeaders, WhatWasApproachedChangesNoAnswer) {
  KnownHeaders known;
  EXPECT_EQ(known.Find("abc", known.Approach("abc")), nullptr);
  const JoseHeader header{"ES256", "shaken", "passport", "x"};
  for (int i = 0; i < 1000 && known.Find("abc", known.Approach("abc")) == nullptr; ++i) {
    known.Remember("abc", {header, nullptr, nullptr, {}});
    known.Remember("abd", {JoseHeader(), nullptr, nullptr, {}});
  }
  for (int i = 0; i < 100; ++i) {
    const auto found = known.Find("abc", known.Approach("abd"));
    EXPECT_TRUE(found == nullptr || found->header.x5u == "x");
    EXPECT_EQ(known.Find("abe", known.Approach("abc")), nullptr);
  }
}

// As many as a network sees have their place, and what is remembered anew takes its own.
TEST(KnownHeaders, FourThousandHaveTheirPlace) {
  const auto count_found = [] {
    KnownHeaders known;
    for (int round = 0; round < 2; ++round) {
      for (int i = 0; i < 4'096; ++i) {
        known.Remember("header" + std::to_string(i), {JoseHeader(), nullptr, nullptr, {}});
      }
    }
    int found = 0;
    for (int i = 0; i < 4'096; ++i) {
      if (known.Find("header" + std::to_string(i)) != nullptr) ++found;
    }
    return found;
  };
  int most = 0;  // if the thread stays on its processor
  for (int i = 0; i < 20 && most < 3'800; ++i) most = std::max(most, count_found());
  EXPECT_GE(most, 3'800);
}

TEST(KnownHeadersThreads, ManyThreadsFindAndForget) {
  KnownHeaders known;
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 5'000; ++i) {
        const std::string key = std::to_string((i * 7 + t * 5'000) % 30'000);
        const auto found = known.Find(key);
        if (found != nullptr && found->header.x5u != key) ++wrong;
        if (found == nullptr) {
          known.Remember(key, {JoseHeader{"ES256", {}, "passport", key}, nullptr, nullptr, {}});
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace callvet::test
