// SPDX-License-Identifier: MIT
// The threads that judge calls make their records with one codec.
#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "evidence_fixture.h"

namespace callvet::test {
namespace {

constexpr std::string_view kId = "01890a5d-ac96-774b-bcce-b302099a8057";

std::vector<std::string> BlobNames(const EvidenceRecord& record) {
  std::vector<std::string> names;
  for (const auto& blob : record.blobs) names.push_back(blob->sha256);
  return names;
}

// Calls with trust stores, chains, options and lists of checks of their own: more of each than the
// codec remembers.
std::vector<CallEvidence> Calls() {
  std::vector<CallEvidence> calls;
  for (int i = 0; i < 9; ++i) {
    TestCall call;
    calls.push_back(EvidenceOf(call));
    call.request.orig = {"+13035550100"};
    calls.push_back(EvidenceOf(call));
    calls.push_back(calls.back());
    calls.back().verdict.passports.clear();  // as of a call without an Identity header
    calls.push_back(calls.front());
    calls.back().verdict.passports.front().checks = i % 2 == 0 ? CheckList() : CheckList::NotRun();
  }
  return calls;
}

TEST(EvidenceCodecThreads, EveryThreadMakesTheRecordThatOneAloneMakes) {
  const std::vector<CallEvidence> calls = Calls();
  std::vector<EvidenceRecord> alone;
  for (const CallEvidence& call : calls) {
    auto record = EvidenceCodec().Encode(call, std::string(kId));
    ASSERT_THAT(record, Succeeds());
    alone.push_back(std::move(*record));
  }
  EvidenceCodec codec;
  std::atomic<int> same = 0;
  std::vector<std::thread> threads;
  constexpr int kThreads = 4;
  constexpr int kRounds = 10;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (size_t n = 0; n < kRounds * calls.size(); ++n) {
        const size_t i = (n + static_cast<size_t>(t)) % calls.size();
        const auto record = codec.Encode(calls[i], std::string(kId));
        same += record && record->text == alone[i].text && record->keys == alone[i].keys &&
                BlobNames(*record) == BlobNames(alone[i]);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(same, kThreads * kRounds * static_cast<int>(calls.size()));
}

// Threads have owners of their own of what they share (base/stripes.h): a large trust store is not
// hashed again for each of them.
TEST(EvidenceCodecThreads, AnotherOwnerOfTheSameObjectsHasTheSameBlobs) {
  TestCall call;
  const CallEvidence one = EvidenceOf(call);
  CallEvidence other = one;
  const auto owned_anew = [](auto object) {
    auto* address = object.get();
    return decltype(object)(address, [object](const auto*) {});
  };
  other.material.trust_store = owned_anew(one.material.trust_store);
  other.options = owned_anew(one.options);
  auto& answer = other.material.certificates.front().value;
  answer = owned_anew(*answer);
  EvidenceCodec codec;
  for (int round = 0; round < 2; ++round) {
    const auto first = codec.Encode(one, std::string(kId));
    const auto second = codec.Encode(other, std::string(kId));
    ASSERT_THAT(first, Succeeds());
    ASSERT_THAT(second, Succeeds());
    EXPECT_EQ(first->text, second->text);
    ASSERT_GT(first->blobs.size(), 0U);
    EXPECT_TRUE(std::equal(first->blobs.begin(), first->blobs.end(), second->blobs.begin(),
                           second->blobs.end()));
  }
}

// An object at the address of one that is gone is another one.
TEST(EvidenceCodecThreads, WhatIsGoneIsNotTakenForWhatIsInItsPlace) {
  TestCall call;
  CallEvidence evidence = EvidenceOf(call);
  const auto options = *evidence.options;
  EvidenceCodec codec;
  std::vector<std::string> texts;
  std::vector<std::string> alone;
  alignas(VerifierOptions) std::array<std::byte, sizeof(VerifierOptions)> place{};
  for (const bool other : {false, true}) {
    auto* made = new (place.data()) VerifierOptions(options);
    if (other) made->max_age += std::chrono::seconds(1);
    evidence.options = std::shared_ptr<const VerifierOptions>(
        made, [](const VerifierOptions* gone) { std::destroy_at(gone); });
    texts.push_back(codec.Encode(evidence, std::string(kId)).value().text);
    alone.push_back(EvidenceCodec().Encode(evidence, std::string(kId)).value().text);
    evidence.options.reset();
  }
  EXPECT_EQ(texts, alone);
  EXPECT_NE(texts[0], texts[1]);
}

}  // namespace
}  // namespace callvet::test
