// SPDX-License-Identifier: MIT
#include "pki/fast_es256.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "pki/openssl_ptr.h"
#include "support/p256_oracle.h"
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
  options.generator_windows = 64;
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
  for (const Es256Kind kind : {Es256Kind::kAdx, Es256Kind::kIfma}) {
    if (IsSupported(kind)) kinds.push_back(kind);
  }
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

// Of more keys than there are tables for, so that some of a batch are OpenSSL's.
TEST(FastEs256EngineTest, A48_SeveralAtOnceAreJudgedAsEachAlone) {
  const std::vector<Signer> signers(5);
  std::vector<Es256Signature> signatures;
  for (const Signer& signer : signers) signatures.push_back(signer.Sign());
  for (const Es256Kind kind : KindsHere()) {
    auto options = SmallOptions(kind);
    options.promote_after = 1;
    options.table_bytes = size_t{32} * 1024 * 3;
    const auto engine = MakeEngine(options);
    size_t verified = 0;
    for (size_t count = 0; count <= 20; ++count) {
      std::vector<Es256Job> jobs;
      for (size_t i = 0; i < count; ++i) {
        const size_t signer = (i + count) % signers.size();
        const size_t signed_by = i % 3 == 2 ? (signer + 1) % signers.size() : signer;
        jobs.push_back(Es256Job{&signers[signer].public_key, i % 5 == 4 ? "other" : kInput,
                                &signatures[signed_by]});
      }
      engine->VerifyMany(jobs);
      for (size_t i = 0; i < count; ++i) {
        const bool good = i % 3 != 2 && i % 5 != 4;
        EXPECT_EQ(jobs[i].result.has_value(), good) << count << " " << i;
        if (good) continue;
        EXPECT_THAT(jobs[i].result, FailsWith(Reason::kSignatureInvalid));
      }
      verified += count;
    }
    const auto statistics = engine->statistics();
    EXPECT_EQ(statistics.by_table + statistics.by_openssl, verified);
    EXPECT_GT(statistics.by_table, 50U);
    EXPECT_GT(statistics.by_openssl, 20U);
    EXPECT_EQ(statistics.disagreements, 0U);
  }
}

TEST(FastEs256EngineTest, ASpoiltTableAmongOthersLetsNothingPass) {
  const Signer good;
  const Signer spoilt;
  for (const Es256Kind kind : KindsHere()) {
    int built = 0;
    auto options = SmallOptions(kind);
    options.promote_after = 1;
    options.spoil_table = [&built](std::span<p256::AffinePoint> table) {
      if (++built != 2) return;
      for (auto& entry : table) entry.x[0] ^= 1;
    };
    const auto engine = MakeEngine(options);
    const Es256Signature own = good.Sign();
    const Es256Signature theirs = spoilt.Sign();
    std::vector<Es256Job> jobs;
    for (size_t i = 0; i < 4; ++i) {
      jobs.push_back(Es256Job{&good.public_key, kInput, &own});
      jobs.push_back(Es256Job{&spoilt.public_key, i == 0 ? kInput : "forged", &theirs});
    }
    engine->VerifyMany(jobs);
    EXPECT_THAT(jobs[1].result, FailsWith(Reason::kInternalError));
    for (const size_t i : {0U, 2U, 4U, 6U}) EXPECT_THAT(jobs[i].result, Succeeds());
    for (const size_t i : {3U, 5U, 7U}) {
      EXPECT_THAT(jobs[i].result, FailsWith(Reason::kSignatureInvalid));
    }
    EXPECT_EQ(engine->statistics().disagreements, 1U);
    EXPECT_EQ(engine->statistics().by_openssl, 6U);  // all behind it
  }
}

// The one that is cross-checked shows that no match of the group counts, wherever it stands.
TEST(FastEs256EngineTest, ADisagreementCountsForTheWholeGroup) {
  std::vector<Signer> signers(8);
  for (size_t spoilt = 0; spoilt < signers.size(); ++spoilt) {
    bool spoil = false;
    auto options = SmallOptions();
    options.promote_after = 1;
    options.cross_check_every = 0;
    options.spoil_table = [&spoil](std::span<p256::AffinePoint> table) {
      if (!spoil) return;
      for (auto& entry : table) entry.x[0] ^= 1;
    };
    const auto engine = MakeEngine(options);
    std::vector<Es256Signature> signatures;
    for (const Signer& signer : signers) signatures.push_back(signer.Sign());
    for (size_t i = 0; i < signers.size(); ++i) {
      if (i == spoilt) continue;
      EXPECT_THAT(engine->Verify(signers[i].public_key, kInput, signatures[i]), Succeeds());
    }
    spoil = true;
    const uint64_t by_table = engine->statistics().by_table;
    std::vector<Es256Job> jobs;
    for (size_t i = 0; i < signers.size(); ++i) {
      jobs.push_back(Es256Job{&signers[i].public_key, kInput, &signatures[i]});
    }
    engine->VerifyMany(jobs);
    for (size_t i = 0; i < jobs.size(); ++i) {
      if (i == spoilt) {
        EXPECT_THAT(jobs[i].result, FailsWith(Reason::kInternalError));
      } else {
        EXPECT_THAT(jobs[i].result, Succeeds());
      }
    }
    EXPECT_EQ(engine->statistics().by_openssl, 7U) << spoilt;
    EXPECT_EQ(engine->statistics().by_table, by_table + 1) << spoilt;
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

// u1 * G + u2 * Q is the point at infinity: invalid, and no fault of ours, though OpenSSL reports
// one.
TEST(FastEs256EngineTest, A48_SumAtInfinityIsAnInvalidSignature) {
  std::array<unsigned char, 32> digest{};
  ASSERT_EQ(EVP_Digest(kInput.data(), kInput.size(), digest.data(), nullptr, EVP_sha256(), nullptr),
            1);
  test::P256Oracle oracle;
  std::string bytes(64, '\x11');
  const auto r = p256::FromBytes(reinterpret_cast<const uint8_t*>(bytes.data()));
  p256::Limbs d = oracle.Divide(p256::FromBytes(digest.data()), r);
  p256::SubtractWithBorrow(p256::kOrder, d, d);
  const auto key = oracle.KeyOf(d);
  const auto public_key = Es256PublicKey::FromEvp(key.pkey.get());
  ASSERT_THAT(public_key, Succeeds());
  const auto signature = Es256Signature::Parse(bytes);
  for (const Es256Kind kind : {Es256Kind::kOpenSsl, Es256Kind::kPortable}) {
    auto options = SmallOptions(kind);
    options.promote_after = 1;
    const auto engine = MakeEs256Engine(options);
    ASSERT_THAT(engine, Succeeds());
    EXPECT_THAT((*engine)->Verify(*public_key, kInput, *signature),
                FailsWith(Reason::kSignatureInvalid));
  }
}

TEST(FastEs256EngineTest, OptionsOutOfRangeAreRefused) {
  for (const unsigned width : {0U, 3U, 9U, 100U}) {
    auto options = SmallOptions();
    options.key_window = width;
    EXPECT_THAT(FastEs256Engine::Make(options), FailsWith(Reason::kParameterInvalid));
  }
  for (const unsigned windows : {0U, 19U, 65U}) {
    auto options = SmallOptions();
    options.generator_windows = windows;
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
