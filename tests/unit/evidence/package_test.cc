// SPDX-License-Identifier: MIT
#include "evidence/evidence_package.h"

#include <sys/wait.h>
#include <unistd.h>

#include <set>

#include "evidence_fixture.h"

namespace callvet::test {
namespace {

class PackageTest : public testing::Test {
 protected:
  EvidencePacker::Package Pack() {
    auto package = packer_.Pack(evidence_);
    EXPECT_THAT(package, Succeeds());
    return package ? *package : EvidencePacker::Package();
  }
  // From a buffer of exactly its size.
  Result<std::shared_ptr<const EvidenceRecord>> Unpack(const std::string& bytes) {
    const std::vector<char> exact(bytes.begin(), bytes.end());
    return unpacker_.Unpack({exact.data(), exact.size()});
  }

  TestCall call_;
  CallEvidence evidence_ = EvidenceOf(call_);
  EvidencePacker packer_{EvidenceCodec()};
  EvidenceUnpacker unpacker_;
};

TEST_F(PackageTest, H9_ARecordArrivesWholeAndRepeatsItsVerdict) {
  const auto package = Pack();
  const auto record = Unpack(package.bytes);
  ASSERT_THAT(record, Succeeds());
  EXPECT_EQ((*record)->id, package.id);
  EXPECT_EQ((*record)->keys.reason, "verified");
  StoreLab lab;
  ASSERT_THAT(lab.store->Append({*record}, EvidenceStore::Seen::kNever), Succeeds());
  const auto text = EvidenceCodec().Read((*record)->text);
  ASSERT_THAT(text, Succeeds());
  const auto replay = ReplayEvidence(*text, BlobsOf(lab.store));
  ASSERT_THAT(replay, Succeeds());
  EXPECT_EQ(replay->outcome, EvidenceReplay::Outcome::kRepeated) << replay->difference;
}

TEST_F(PackageTest, H9_WhatCallsShareTravelsOnceIfItIsHandedOver) {
  const auto first = Pack();
  const auto again = Pack();  // the first was not handed over
  EXPECT_EQ(first.bytes.size(), again.bytes.size());
  EXPECT_NE(first.id, again.id);
  packer_.HandedOver();
  const auto later = Pack();
  EXPECT_LT(later.bytes.size() + 1000, again.bytes.size());
  ASSERT_THAT(Unpack(again.bytes), Succeeds());
  const auto record = Unpack(later.bytes);
  ASSERT_THAT(record, Succeeds());
  EXPECT_FALSE((*record)->blobs.empty());
}

TEST_F(PackageTest, H9_ARecordThatLacksWhatItNamesIsRefused) {
  Pack();
  packer_.HandedOver();  // but it gets lost
  EXPECT_THAT(Unpack(Pack().bytes), FailsWith(Reason::kEvidenceAltered));
}

TEST_F(PackageTest, H9_AnythingElseIsRefused) {
  const std::string good = Pack().bytes;
  ASSERT_THAT(Unpack(good), Succeeds());
  for (size_t size = 0; size < good.size(); size += size < 64 ? 1 : 97) {
    EXPECT_THAT(Unpack(good.substr(0, size)), FailsWith(Reason::kEvidenceAltered)) << size;
  }
  EXPECT_THAT(Unpack(good + "x"), FailsWith(Reason::kEvidenceAltered));
  // Behind the head each byte counts.
  for (size_t at = 28; at < good.size(); at += 101) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    EvidenceUnpacker fresh;
    EXPECT_THAT(fresh.Unpack(bad), FailsWith(Reason::kEvidenceAltered)) << at;
  }
  ASSERT_THAT(Unpack(good), Succeeds());
}

TEST_F(PackageTest, H9_SeveralPackersHaveOneOtherEnd) {
  EvidencePacker other{EvidenceCodec()};
  const auto mine = Pack();
  packer_.HandedOver();
  const auto its = other.Pack(evidence_);
  ASSERT_THAT(its, Succeeds());
  other.HandedOver();
  const auto mine_later = Pack();
  const auto its_later = other.Pack(evidence_);
  ASSERT_THAT(its_later, Succeeds());
  for (const std::string& bytes : {mine.bytes, its->bytes, its_later->bytes, mine_later.bytes}) {
    EXPECT_THAT(Unpack(bytes), Succeeds());
  }
}

TEST_F(PackageTest, H9_AForkedCopyIsAStreamOfItsOwn) {
  const auto before = Pack();
  packer_.HandedOver();
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto package = packer_.Pack(evidence_);
    const bool ok = package && ::write(ends[1], package->bytes.data(), package->bytes.size()) ==
                                   static_cast<ssize_t>(package->bytes.size());
    ::_exit(ok ? 0 : 1);
  }
  int status = 1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  std::string bytes(65536, '\0');
  bytes.resize(static_cast<size_t>(::read(ends[0], bytes.data(), bytes.size())));
  ::close(ends[0]);
  ::close(ends[1]);
  EXPECT_THAT(Unpack(bytes), Succeeds());  // it needs nothing of `before`
}

TEST_F(PackageTest, H9_AnEpochEndsBeforeTheOtherEndGetsLarge) {
  // Each call brings something large of its own, as when CRLs change: now and then a package has to
  // have again what was in the first one, too, because nothing is remembered any more.
  std::string content(2U << 20U, 'x');
  evidence_.material.contents.push_back({"https://a.example.org/logo", content});
  size_t again = 0;
  for (int i = 0; i < 20; ++i) {
    content[0] = static_cast<char>('a' + i);
    evidence_.material.contents.back().value = content;
    const auto package = Pack();
    packer_.HandedOver();
    ASSERT_THAT(Unpack(package.bytes), Succeeds());
    if (package.bytes.find("BEGIN CERTIFICATE") != std::string::npos) ++again;
  }
  EXPECT_GT(again, 1U);
  EXPECT_LT(again, 10U);
}

TEST_F(PackageTest, H9_StreamsThatAreQuietAreForgotten) {
  const auto first = Pack();
  packer_.HandedOver();
  ASSERT_THAT(Unpack(first.bytes), Succeeds());
  CallEvidence small;
  small.options = evidence_.options;
  for (size_t i = 0; i < EvidenceUnpacker::kMaxStreams; ++i) {
    EvidencePacker other{EvidenceCodec()};
    const auto package = other.Pack(small);
    ASSERT_THAT(package, Succeeds());
    ASSERT_THAT(Unpack(package->bytes), Succeeds());
  }
  EXPECT_THAT(Unpack(Pack().bytes), FailsWith(Reason::kEvidenceAltered));
}

}  // namespace
}  // namespace callvet::test
