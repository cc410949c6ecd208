// SPDX-License-Identifier: MIT
#include "pki/fast_es256.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "pki/openssl_ptr.h"
#include "support/result_matchers.h"
#include "support/test_pki.h"

namespace callvet {
namespace {

using test::TestKey;

constexpr std::string_view kInput = "eyJhbGciOiJFUzI1NiJ9.eyJpYXQiOjF9";

struct Signer {
  TestKey key = TestKey::Make();
  Es256PublicKey public_key = *Es256PublicKey::FromEvp(key.get());

  [[nodiscard]] Es256Signature Sign(std::string_view input = kInput) const {
    return *Es256Signature::Parse(key.SignEs256(input));
  }
};

// Small, so that tests start fast; each table is 32 KiB.
Es256EngineOptions SmallOptions(Es256Kind kind = Es256Kind::kPortable) {
  Es256EngineOptions options;
  options.kind = kind;
  options.key_window = 4;
  options.generator_window = 4;
  options.table_bytes = size_t{1} << 20;
  return options;
}

std::shared_ptr<const FastEs256Engine> MakeEngine(const Es256EngineOptions& options) {
  auto made = FastEs256Engine::Make(options);
  EXPECT_THAT(made, Succeeds());
  return *made;
}

std::vector<Es256Kind> KindsHere() {
  std::vector<Es256Kind> kinds = {Es256Kind::kPortable};
  if (FastEs256Engine::Make(SmallOptions(Es256Kind::kAdx))) kinds.push_back(Es256Kind::kAdx);
  return kinds;
}

TEST(FastEs256EngineTest, A48_EachPathAcceptsOnlyTheRightSignature) {
  for (const Es256Kind kind : KindsHere()) {
    auto options = SmallOptions(kind);
    options.promote_after = 1;
    const auto engine = MakeEngine(options);
    const Signer own;
    const Signer other;
    for (int round = 0; round < 20; ++round) {
      const Es256Signature signature = own.Sign();
      EXPECT_THAT(engine->Verify(own.public_key, ExactBytes(kInput).view(), signature), Succeeds());
      EXPECT_THAT(engine->Verify(other.public_key, kInput, signature),
                  FailsWith(Reason::kSignatureInvalid));
      EXPECT_THAT(engine->Verify(own.public_key, "", signature),
                  FailsWith(Reason::kSignatureInvalid));
      Es256Signature::Bytes changed = signature.bytes();
      changed[static_cast<size_t>(round * 3)] ^= 4;
      const auto broken =
          Es256Signature::Parse({reinterpret_cast<const char*>(changed.data()), changed.size()});
      ASSERT_THAT(broken, Succeeds());
      EXPECT_THAT(engine->Verify(own.public_key, kInput, *broken),
                  FailsWith(Reason::kSignatureInvalid));
    }
    EXPECT_EQ(engine->statistics().by_table, 80U);
    EXPECT_EQ(engine->statistics().by_openssl, 0U);
  }
}

TEST(FastEs256EngineTest, AKeyIsPromotedAfterSomeUses) {
  const auto engine = MakeEngine(SmallOptions());
  const Signer signer;
  for (int i = 0; i < 10; ++i) {
    EXPECT_THAT(engine->Verify(signer.public_key, kInput, signer.Sign()), Succeeds());
  }
  const auto statistics = engine->statistics();
  EXPECT_EQ(statistics.by_openssl, 2U);
  EXPECT_EQ(statistics.by_table, 8U);
  EXPECT_EQ(statistics.tables_built, 1U);
  EXPECT_EQ(statistics.tables_resident, 1U);
}

TEST(FastEs256EngineTest, MemoryIsBoundedAndColdKeysMakeRoom) {
  auto options = SmallOptions();
  options.table_bytes = size_t{32} * 1024 * 3 + 100;
  options.promote_after = 2;
  options.evict_after = 4;
  const auto engine = MakeEngine(options);
  ASSERT_EQ(engine->statistics().tables_capacity, 3U);
  std::vector<Signer> signers(6);
  for (const Signer& signer : signers) {
    for (int i = 0; i < 20; ++i) {
      EXPECT_THAT(engine->Verify(signer.public_key, kInput, signer.Sign()), Succeeds());
    }
  }
  const auto statistics = engine->statistics();
  EXPECT_EQ(statistics.tables_resident, 3U);
  EXPECT_EQ(statistics.tables_built, 6U);
  EXPECT_EQ(statistics.tables_evicted, 3U);
  EXPECT_EQ(statistics.disagreements, 0U);
  // The last one is hot.
  const uint64_t before = statistics.by_table;
  EXPECT_THAT(engine->Verify(signers.back().public_key, kInput, signers.back().Sign()), Succeeds());
  EXPECT_EQ(engine->statistics().by_table, before + 1);
}

TEST(FastEs256EngineTest, NoMemoryForTablesMeansOpenSsl) {
  auto options = SmallOptions();
  options.table_bytes = 1000;
  const auto engine = MakeEngine(options);
  const Signer signer;
  for (int i = 0; i < 10; ++i) {
    EXPECT_THAT(engine->Verify(signer.public_key, kInput, signer.Sign()), Succeeds());
    EXPECT_THAT(engine->Verify(signer.public_key, "x", signer.Sign()),
                FailsWith(Reason::kSignatureInvalid));
  }
  EXPECT_EQ(engine->statistics().by_openssl, 20U);
}

TEST(FastEs256EngineTest, ASpoiltTableIsCaughtAndLetsNothingPass) {
  std::atomic<int> incidents{0};
  auto options = SmallOptions();
  options.promote_after = 1;
  // One entry in each window of a table, so that any digits meet some.
  options.spoil_table = [](std::span<p256::AffinePoint> table) {
    for (auto& entry : table) entry.x[0] ^= 1;
  };
  options.observer = [&incidents](Es256Incident incident) {
    EXPECT_EQ(incident, Es256Incident::kDisagreement);
    ++incidents;
  };
  const auto engine = MakeEngine(options);
  const Signer signer;
  EXPECT_THAT(engine->Verify(signer.public_key, kInput, signer.Sign()),
              FailsWith(Reason::kInternalError));
  EXPECT_EQ(incidents.load(), 1);
  // From now on OpenSSL decides, for every key.
  const Signer other;
  for (int i = 0; i < 5; ++i) {
    EXPECT_THAT(engine->Verify(signer.public_key, kInput, signer.Sign()), Succeeds());
    EXPECT_THAT(engine->Verify(other.public_key, kInput, other.Sign()), Succeeds());
    EXPECT_THAT(engine->Verify(other.public_key, kInput, signer.Sign()),
                FailsWith(Reason::kSignatureInvalid));
  }
  const auto statistics = engine->statistics();
  EXPECT_EQ(statistics.disagreements, 1U);
  EXPECT_EQ(statistics.by_openssl, 15U);
  EXPECT_EQ(statistics.by_table, 1U);
}

// An entry that goes bad later, and is met now and then: the sampled check finds it.
TEST(FastEs256EngineTest, AnEntrySpoiltLaterIsCaughtByTheSampledCheck) {
  std::span<p256::AffinePoint> table;
  auto options = SmallOptions();
  options.promote_after = 1;
  options.cross_check_every = 4;
  options.spoil_table = [&table](std::span<p256::AffinePoint> built) { table = built; };
  const auto engine = MakeEngine(options);
  const Signer signer;
  for (int i = 0; i < 8; ++i) {
    EXPECT_THAT(engine->Verify(signer.public_key, kInput, signer.Sign()), Succeeds());
  }
  EXPECT_EQ(engine->statistics().cross_checks, 2U);
  for (size_t i = 0; i < table.size(); i += 8) table[i].y[2] ^= 0x10;
  // Wrong refusals may come before the check, wrong acceptance never.
  bool caught = false;
  for (int i = 0; i < 400 && !caught; ++i) {
    EXPECT_FALSE(engine->Verify(signer.public_key, "forged", signer.Sign()).has_value());
    (void)engine->Verify(signer.public_key, kInput, signer.Sign());
    (void)engine->Verify(signer.public_key, kInput, signer.Sign());
    caught = engine->statistics().disagreements == 1;
  }
  EXPECT_TRUE(caught);
  EXPECT_THAT(engine->Verify(signer.public_key, kInput, signer.Sign()), Succeeds());
}

TEST(FastEs256EngineTest, OptionsOutOfRangeAreRefused) {
  for (const unsigned width : {0U, 3U, 9U, 100U}) {
    auto options = SmallOptions();
    options.key_window = width;
    EXPECT_THAT(FastEs256Engine::Make(options), FailsWith(Reason::kParameterInvalid));
  }
  for (const unsigned width : {0U, 3U, 13U}) {
    auto options = SmallOptions();
    options.generator_window = width;
    EXPECT_THAT(FastEs256Engine::Make(options), FailsWith(Reason::kParameterInvalid));
    options.kind = Es256Kind::kAuto;
    EXPECT_THAT(MakeEs256Engine(options), FailsWith(Reason::kParameterInvalid));
  }
}

TEST(FastEs256EngineTest, EveryKindVerifies) {
  const Signer signer;
  for (const Es256Kind kind : {Es256Kind::kAuto, Es256Kind::kOpenSsl, Es256Kind::kPortable}) {
    const auto engine = MakeEs256Engine(SmallOptions(kind));
    ASSERT_THAT(engine, Succeeds());
    for (int i = 0; i < 5; ++i) {
      EXPECT_THAT((*engine)->Verify(signer.public_key, kInput, signer.Sign()), Succeeds());
      EXPECT_THAT((*engine)->Verify(signer.public_key, "x", signer.Sign()),
                  FailsWith(Reason::kSignatureInvalid));
    }
  }
  EXPECT_EQ(Es256KindFromText("openssl"), Es256Kind::kOpenSsl);
  EXPECT_EQ(Es256KindFromText("fast"), std::nullopt);
}

TEST(FastEs256EngineTest, LeavesTheErrorQueueEmpty) {
  const auto engine = MakeEngine(SmallOptions());
  const Signer signer;
  EXPECT_THAT(
      engine->Verify(signer.public_key, kInput, *Es256Signature::Parse(std::string(64, '\x22'))),
      FailsWith(Reason::kSignatureInvalid));
}

// Meant for ThreadSanitizer: more keys than tables, so that tables are built and given up while
// others read.
TEST(FastEs256ThreadsTest, TablesComeAndGoUnderReaders) {
  auto options = SmallOptions();
  options.table_bytes = size_t{32} * 1024 * 3;
  options.promote_after = 1;
  options.cross_check_every = 16;
  const auto engine = MakeEngine(options);
  const std::vector<Signer> signers(6);
  std::vector<Es256Signature> signatures;
  for (const Signer& signer : signers) signatures.push_back(signer.Sign());
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (size_t i = 0; i < 200; ++i) {
        const size_t at = (i / 3 + t * i) % signers.size();
        if (!engine->Verify(signers[at].public_key, kInput, signatures[at])) ++wrong;
        if (engine->Verify(signers[at].public_key, "x", signatures[at])) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong.load(), 0);
  const auto statistics = engine->statistics();
  EXPECT_EQ(statistics.disagreements, 0U);
  EXPECT_EQ(statistics.by_table + statistics.by_openssl, 4U * 200 * 2);
  EXPECT_GT(statistics.tables_evicted, 0U);
}

}  // namespace
}  // namespace callvet
