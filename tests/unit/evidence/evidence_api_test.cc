// SPDX-License-Identifier: MIT
#include "api/evidence_api.h"

#include "base/file.h"
#include "evidence_fixture.h"

namespace callvet::test {
namespace {

class EvidenceApiTest : public testing::Test {
 protected:
  [[nodiscard]] EvidenceReader Reader(std::optional<sys_seconds> spilled_since) const {
    return {opened_, nullptr, "who", kNow, spilled_since};
  }
  static std::string IdAt(sys_seconds time) { return *NewEvidenceId(time); }

  StoreLab lab_;
  OpenedEvidence opened_{lab_.store, lab_.signer, std::nullopt};
};

// Who asks for a record that waits in the spill directory is not told that there is none.
TEST_F(EvidenceApiTest, H9_WhatMayWaitInTheSpillDirectoryIsNotSaidToBeMissing) {
  const std::string id = IdAt(kNow);
  const std::string older = IdAt(kNow - std::chrono::seconds(1));
  for (auto* api : {&ShowEvidence, &ExportEvidence}) {
    EXPECT_EQ((*api)(Reader(std::nullopt), id).status, 404);
    EXPECT_EQ((*api)(Reader(kNow), older).status, 404);
    EXPECT_EQ((*api)(Reader(kNow), "no id").status, 404);
    const ApiReply waits = (*api)(Reader(kNow), id);
    EXPECT_EQ(waits.status, 503);
    EXPECT_NE(waits.body.find(Info(Reason::kEvidenceUnavailable).id), std::string::npos);
  }
}

TEST_F(EvidenceApiTest, H9_APageSaysWhatItMayLack) {
  const ApiReply whole = FindEvidence(Reader(std::nullopt), "");
  EXPECT_NE(whole.body.find(R"("spilled_since":null)"), std::string::npos) << whole.body;
  const ApiReply lacking = FindEvidence(Reader(sys_seconds(std::chrono::seconds(86'400))), "");
  EXPECT_NE(lacking.body.find(R"("spilled_since":"1970-01-02T)"), std::string::npos)
      << lacking.body;
}

// People copy ids from what shows them in capitals; the command line takes them, too.
TEST_F(EvidenceApiTest, AnIdIsFoundInCapitals) {
  std::string id = IdAt(kNow);
  for (char& c : id) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  EXPECT_EQ(ShowEvidence(Reader(kNow), id).status, 503);  // may be in the spill: its time was read
  const EvidenceAccess access{"who", "find", "", kNow};
  ASSERT_THAT(RecordAccess(opened_, access), Succeeds());
  EvidenceQuery query;
  query.kind = EvidenceKind::kAccess;
  const auto page = lab_.store->Find(query);
  ASSERT_THAT(page, Succeeds());
  std::string kept = page->records.front().id;
  for (char& c : kept) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  for (auto* api : {&ShowEvidence, &ExportEvidence}) {
    EXPECT_NE((*api)(Reader(std::nullopt), kept).status, 404);
  }
}

TEST_F(EvidenceApiTest, ATimeThatEndsBeforeItBeginsIsRefused) {
  const ApiReply reply =
      FindEvidence(Reader(std::nullopt), "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z");
  EXPECT_EQ(reply.status, 400);
  EXPECT_THAT(reply.body, testing::HasSubstr(
                              "from: 2026-01-02T00:00:00Z is later than to: 2026-01-01T00:00:00Z"));
  EXPECT_EQ(FindEvidence(Reader(std::nullopt), "from=2026-01-02T00:00:00Z&to=2026-01-02T00:00:00Z")
                .status,
            200);
}

// SQLite makes the file, nobody its folder: the check said all was good, and the start failed.
TEST_F(EvidenceApiTest, TheFolderOfAStoreMustBeThere) {
  EvidenceSetup setup;
  const auto folder = lab_.directory.path() / "none";
  setup.store = (folder / "calls.db").string();
  setup.open = EvidenceSetup::Open::kCreate;
  const std::string said = "the folder " + folder.string() + " of the store is not there";
  for (const auto& failed : {CheckEvidence(setup).error(), OpenEvidence(setup).error()}) {
    EXPECT_EQ(failed.reason, Reason::kFileUnreadable);
    EXPECT_EQ(failed.detail, said);
  }
  std::filesystem::create_directory(folder);
  EXPECT_THAT(CheckEvidence(setup), Succeeds());
  EXPECT_THAT(OpenEvidence(setup), Succeeds());
}

// Whoever has it may sign another chain.
TEST_F(EvidenceApiTest, ACheckpointKeyThatOthersMayUseIsRefused) {
  const auto path = lab_.directory.path() / "checkpoint.key";
  const auto pem = PrivateKey::Generate(KeyKind::kEcP256)->ToPem();
  ASSERT_THAT(WriteFile(path, *pem, FileMode::kPrivate), Succeeds());
  EvidenceSetup setup;
  setup.store = (lab_.directory.path() / "other.db").string();
  setup.checkpoint_key = path;
  setup.open = EvidenceSetup::Open::kCreate;
  EXPECT_THAT(CheckEvidence(setup), Succeeds());
  EXPECT_THAT(OpenEvidence(setup), Succeeds());
  using std::filesystem::perms;
  for (const perms more : {perms::group_write, perms::others_read, perms::others_write}) {
    std::filesystem::permissions(path, perms::owner_read | perms::owner_write | more);
    EXPECT_THAT(CheckEvidence(setup), FailsWith(Reason::kKeyInvalid));
    EXPECT_THAT(OpenEvidence(setup), FailsWith(Reason::kKeyInvalid));
  }
  std::filesystem::permissions(path, perms::owner_read | perms::owner_write | perms::group_read);
  EXPECT_THAT(OpenEvidence(setup), Succeeds());
}

// Whoever may write where the store is must not choose which mark counts.
TEST_F(EvidenceApiTest, AMarkIsOfThePlaceThatIsConfigured) {
  const auto mark = [](const std::string& store) {
    EvidenceSetup setup;
    setup.store = store;
    setup.mark_dir = "/spill";
    return ChainMarkPath(setup);
  };
  const auto file = lab_.directory.path() / "link.db";
  const auto before = mark(file.string());
  std::filesystem::create_symlink(lab_.directory.path() / "other.db", file);
  EXPECT_EQ(mark(file.string()), before);
  EXPECT_EQ(mark((lab_.directory.path() / "." / "link.db").string()), before);
  EXPECT_EQ(mark("calls.db"), mark("./calls.db"));
  EXPECT_EQ(mark("postgresql://a:b@db.example.org/calls"),
            mark("postgresql://c@db.example.org:5432/calls?connect_timeout=3"));
  EXPECT_NE(mark("postgresql:///?host=/run/a&dbname=calls"),
            mark("postgresql:///?host=/run/a&dbname=other"));
  EXPECT_NE(mark("postgresql:///calls?host=/run/a"), mark("postgresql:///calls?host=/run/b"));
}

}  // namespace
}  // namespace callvet::test
