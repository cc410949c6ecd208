// SPDX-License-Identifier: MIT
#include "base/base64url.h"
#include "base/sip_hash.h"
#include "evidence/note_bytes.h"
#include "evidence/record_frames.h"
#include "evidence/verdict_digest.h"
#include "evidence_fixture.h"
#include "pki/sha256.h"

namespace callvet::test {
namespace {

TEST(NoteBytes, GiveBackWhatWasWritten) {
  const std::vector<int64_t> numbers = {0,   1,   -1,        63,        64,
                                        -64, -65, INT64_MAX, INT64_MIN, 1'768'478'400};
  const std::string long_text(300, 'x');
  NoteWriter writer;
  for (const int64_t number : numbers) writer.Number(number);
  writer.Text("");
  writer.Text(long_text);
  writer.Maybe(std::optional<std::string>());
  writer.Maybe(std::optional<std::string>(""));
  writer.Maybe(std::optional<int64_t>(7));
  writer.Texts(std::vector<std::string>{"a", "b"});
  const std::string bytes(writer.bytes());
  NoteReader reader(bytes);
  for (const int64_t number : numbers) EXPECT_EQ(reader.Number(), number);
  EXPECT_EQ(reader.Text(), "");
  EXPECT_EQ(reader.Text(), long_text);
  EXPECT_EQ(reader.MaybeText(), std::nullopt);
  EXPECT_EQ(reader.MaybeText(), "");
  EXPECT_EQ(reader.MaybeNumber(), 7);
  EXPECT_EQ(reader.Texts(), (std::vector<std::string_view>{"a", "b"}));
  EXPECT_TRUE(reader.Finished());
  (void)reader.Flag();
  EXPECT_TRUE(reader.bad());
}

TEST(NoteBytes, GiveBackTextsOfEveryLength) {
  for (size_t size = 0; size < 200; ++size) {
    std::vector<char> text(size);  // of its own, so that a byte read behind it is found
    for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>('!' + i % 90);
    const std::string_view view(text.data(), size);
    NoteWriter writer;
    writer.Text("before");
    writer.Text(view);
    writer.Text("behind");
    const std::string bytes(writer.bytes());
    NoteReader reader(bytes);
    EXPECT_EQ(reader.Text(), "before");
    EXPECT_EQ(reader.Text(), view);
    EXPECT_EQ(reader.Text(), "behind");
    EXPECT_TRUE(reader.Finished());
  }
}

// Wherever the end of its memory is met: an address sanitizer sees what is written behind it.
TEST(NoteBytes, FindRoomForEachValue) {
  constexpr size_t kUsual = 2048;
  for (size_t filled = kUsual - 100; filled <= kUsual + 10; ++filled) {
    for (const size_t size : {0U, 1U, 64U, 65U, 127U, 128U, 3000U}) {
      const std::string text(size, 't');
      NoteWriter writer;
      for (int again = 0; again < 2; ++again) {
        writer.Clear();
        for (size_t i = 0; i < filled; ++i) writer.Flag(i % 2 == 0);
        writer.Text(text);
        writer.Size(SIZE_MAX);
        writer.Text(text);
        const std::string bytes(writer.bytes());
        NoteReader reader(std::string_view(bytes).substr(filled));
        EXPECT_EQ(bytes.substr(0, 2), std::string("\1\0", 2));
        EXPECT_EQ(reader.Text(), text);
        EXPECT_EQ(reader.Size(), SIZE_MAX);
        EXPECT_EQ(reader.Text(), text);
        EXPECT_TRUE(reader.Finished()) << filled << ' ' << size;
      }
    }
  }
}

// A call with a very long text takes no memory from those after it.
TEST(NoteBytes, GoOnBehindAVeryLongText) {
  NoteWriter writer;
  writer.Text(std::string(100'000, 'x'));
  EXPECT_EQ(writer.bytes().size(), 100'003U);
  writer.Clear();
  EXPECT_EQ(writer.bytes(), "");
  writer.Text("next");
  EXPECT_EQ(writer.bytes(), "\4next");
}

TEST(NoteBytes, BelieveNoSizeThatCannotBe) {
  NoteWriter writer;
  writer.Size(SIZE_MAX);
  const std::string bytes(writer.bytes());
  EXPECT_EQ(NoteReader(bytes).Text(), "");
  EXPECT_EQ(NoteReader(bytes).Count(), 0U);
  EXPECT_TRUE(NoteReader(bytes).Texts().empty());
  NoteReader endless("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF");
  EXPECT_EQ(endless.Size(), 0U);
  EXPECT_TRUE(endless.bad());
}

class NotesTest : public testing::Test {
 protected:
  NotesTest() {
    TestCall call;
    evidence_ = EvidenceOf(call);
    evidence_.trunk = "trunk-1";
    evidence_.call_id = "a@gw.example.org";
    evidence_.disposition = Disposition();
    evidence_.disposition->holder = "Holder";
    notes_ = *codec_.Note(evidence_, "01890a5d-ac96-774b-bcce-b302099a8057");
    basis_ = notes_.basis->notes;
    for (const auto& blob : notes_.basis->blobs) names_.emplace_back(blob->sha256);
  }
  [[nodiscard]] Result<EvidenceRecord> Read(const std::string& own) const {
    return RecordOfNotes({own, basis_}, names_);
  }
  EvidenceCodec codec_;
  CallEvidence evidence_;
  CallNotes notes_;
  std::string basis_;
  std::vector<std::string_view> names_;
};

TEST_F(NotesTest, AreARecordOrNothing) {
  ASSERT_THAT(Read(notes_.bytes), Succeeds());
  for (size_t size = 0; size < notes_.bytes.size(); ++size) {
    EXPECT_THAT(Read(notes_.bytes.substr(0, size)), FailsWith(Reason::kEvidenceAltered));
  }
  EXPECT_THAT(Read(notes_.bytes + '\0'), FailsWith(Reason::kEvidenceAltered));
  // A blob that they mean is not among those that came with them.
  names_.pop_back();
  EXPECT_THAT(Read(notes_.bytes), FailsWith(Reason::kEvidenceAltered));
  names_.clear();
  EXPECT_THAT(Read(notes_.bytes), FailsWith(Reason::kEvidenceAltered));
}

TEST_F(NotesTest, WithoutAllOfTheirBasisAreNoRecord) {
  for (size_t size = 0; size < basis_.size(); ++size) {
    EXPECT_THAT(RecordOfNotes({notes_.bytes, basis_.substr(0, size)}, names_),
                FailsWith(Reason::kEvidenceAltered));
  }
  basis_ += '\0';
  EXPECT_THAT(Read(notes_.bytes), FailsWith(Reason::kEvidenceAltered));
}

// The signer that the call means is not in the basis.
TEST_F(NotesTest, OfASignerWhomTheBasisDoesNotTellAreNoRecord) {
  CallEvidence unsigned_call = evidence_;
  unsigned_call.verdict.decided_by.reset();
  const auto other = EvidenceCodec().Note(unsigned_call, "01890a5d-ac96-774b-bcce-b302099a8057");
  ASSERT_THAT(other, Succeeds());
  EXPECT_THAT(RecordOfNotes(other->bytes, *other->basis), Succeeds());
  EXPECT_THAT(RecordOfNotes(notes_.bytes, *other->basis), FailsWith(Reason::kEvidenceAltered));
}

// What was remembered of calls before with the same certificate changes nothing: calls that nobody
// decided, and signers that are described by their chain, come between the usual ones.
TEST_F(NotesTest, TellTheSameWhateverWasNotedBefore) {
  CallEvidence undecided = evidence_;
  undecided.verdict.decided_by.reset();
  CallEvidence delegated = evidence_;
  PassportVerdict& passport = delegated.verdict.passports.front();
  auto described = std::make_shared<SignerInfo>(*passport.signer);
  described->delegated_by_spcs = {"1234"};
  passport.signer = described;
  delegated.verdict.path.front().signer = described;
  EvidenceCodec codec;
  for (const size_t which : {1, 0, 2, 0, 1, 2, 2, 0, 1}) {
    const CallEvidence& evidence = *std::array{&evidence_, &undecided, &delegated}[which];
    const std::string id = "01890a5d-ac96-774b-bcce-b302099a8057";
    const auto record = codec.Encode(evidence, id);
    ASSERT_THAT(record, Succeeds());
    EXPECT_EQ(record->text, EvidenceCodec().Encode(evidence, id)->text);
    EXPECT_EQ(record->text.find("1234\"") != std::string::npos, which == 2);
  }
}

// Whatever stands there: what is made of it is a record that says what it is found by.
TEST_F(NotesTest, NeverMakeARecordThatContradictsItself) {
  size_t made = 0;
  const auto change_all = [&](std::string& bytes) {
    for (size_t at = 0; at < bytes.size(); ++at) {
      for (const int change : {1, 0x20, 0x80, 0xFF}) {
        const char was = std::exchange(bytes[at], static_cast<char>(bytes[at] ^ change));
        const auto record = Read(notes_.bytes);
        bytes[at] = was;
        if (!record) continue;
        ++made;
        const auto read = RecordOfText(record->text);
        ASSERT_THAT(read, Succeeds()) << at << " " << change;
        ASSERT_EQ(read->id, record->id) << at << " " << change;
        ASSERT_EQ(read->time, record->time) << at << " " << change;
        ASSERT_EQ(read->keys, record->keys) << at << " " << change;
        ASSERT_EQ(read->summary, record->summary) << at << " " << change;
      }
    }
  };
  change_all(notes_.bytes);
  change_all(basis_);
  EXPECT_GT(made, 0U);
}

// As deep as a verdict can have them (F-7), and some more.
TEST_F(NotesTest, PassportsInOneAnotherAreToldAtEveryDepth) {
  const PassportVerdict outer = evidence_.verdict.passports.front();
  for (size_t depth = 0; depth <= 12; ++depth) {
    if (depth > 0) {
      PassportVerdict wrapped = outer;
      wrapped.nested = {evidence_.verdict.passports.front()};
      evidence_.verdict.passports.front() = wrapped;
    }
    for (const bool with_key : {false, true}) {
      EvidenceCodec codec =
          with_key ? EvidenceCodec(*NumberSecret::Parse(std::string(64, 'b'))) : EvidenceCodec();
      const auto record = codec.Encode(evidence_, "01890a5d-ac96-774b-bcce-b302099a8057");
      ASSERT_THAT(record, Succeeds()) << depth;
      const auto json = ReadEvidenceJson(record->text);
      ASSERT_THAT(json, Succeeds()) << depth;
      size_t told = 0;
      for (const JsonValue* at = &json->Find("verdict")->Find("passports")->AsArray()->front();
           (at = at->Find("opt")) != nullptr;) {
        ++told;
      }
      EXPECT_EQ(told, depth);
    }
    const auto notes = codec_.Note(evidence_, "01890a5d-ac96-774b-bcce-b302099a8057");
    ASSERT_THAT(notes, Succeeds());
    EXPECT_THAT(RecordOfNotes(notes->bytes, *notes->basis), Succeeds()) << depth;
    EXPECT_NE(VerdictDigest(evidence_.verdict).Find("reason"), nullptr) << depth;
  }
}

TEST_F(NotesTest, OfAnotherFormAreRefused) {
  ASSERT_EQ(notes_.bytes.substr(0, 2),
            "\1"
            "2");
  for (const char other : {'1', '3'}) {
    notes_.bytes[1] = other;
    EXPECT_THAT(RecordOfNotes(notes_.bytes, *notes_.basis), FailsWith(Reason::kEvidenceAltered));
  }
}

// A desk remembers what the call before rested on; whatever the next one rests on, its record is
// the one that it has alone.
TEST_F(NotesTest, OfADeskSayWhatEachCallRestsOn) {
  TestCall other;
  CallEvidence moved = evidence_;
  moved.material.certificates.front().url = "https://cert.example.org/other.pem";
  CallEvidence other_store = evidence_;
  other_store.material.trust_store = other.store;
  CallEvidence other_file = evidence_;
  other_file.material.certificates.front().value =
      std::make_shared<const CertificateBundle>(**evidence_.material.certificates.front().value);
  CallEvidence other_certificates = evidence_;
  other_certificates.material.certificates.front().value =
      EvidenceOf(other).material.certificates.front().value;
  CallEvidence other_options = evidence_;
  VerifierOptions options = *evidence_.options;
  options.max_age += std::chrono::seconds(1);
  other_options.options = std::make_shared<const VerifierOptions>(options);
  CallEvidence content = evidence_;
  content.material.asks_for_content = true;
  CallEvidence unsigned_call = evidence_;
  unsigned_call.verdict = Verdict();
  unsigned_call.material = VerificationMaterial();
  CallEvidence unchecked = evidence_;
  for (PassportVerdict& one : unchecked.verdict.passports) one.checks = CheckList();
  CallEvidence no_signer = evidence_;
  for (PassportVerdict& one : no_signer.verdict.passports) one.signer = nullptr;
  CallEvidence failed = evidence_;
  failed.material.certificates.front().value =
      Fail(Reason::kCertificateNotAvailable, "it cannot be had");
  const std::vector<CallEvidence> calls = {
      evidence_,     EvidenceOf(other), moved,     other_store,   other_file, other_certificates,
      other_options, content,           no_signer, unsigned_call, unchecked,  failed};
  constexpr std::string_view kCallId = "01890a5d-ac96-774b-bcce-b302099a8057";
  EvidenceCodec codec;
  NoteDesk desk;
  for (const CallEvidence& first : calls) {
    for (const CallEvidence& second : calls) {
      for (const CallEvidence* call : {&first, &second, &second}) {
        ASSERT_THAT(codec.Note(*call, kCallId, desk), Succeeds());
        const auto record = RecordOfNotes(desk.notes.bytes(), *desk.basis);
        const auto alone = EvidenceCodec().Encode(*call, kCallId);
        ASSERT_THAT(record, Succeeds());
        ASSERT_THAT(alone, Succeeds());
        EXPECT_EQ(record->text, alone->text);
        ASSERT_EQ(record->blobs.size(), alone->blobs.size());
        for (size_t i = 0; i < alone->blobs.size(); ++i) {
          EXPECT_EQ(record->blobs[i]->sha256, alone->blobs[i]->sha256);
        }
      }
    }
  }
}

// What is no evidence leaves the desk usable.
TEST_F(NotesTest, OfADeskGoOnBehindAFailure) {
  NoteDesk desk;
  CallEvidence none = evidence_;
  none.options = nullptr;
  constexpr std::string_view kCallId = "01890a5d-ac96-774b-bcce-b302099a8057";
  EXPECT_THAT(codec_.Note(none, kCallId, desk), FailsWith(Reason::kInternalError));
  ASSERT_THAT(codec_.Note(evidence_, kCallId, desk), Succeeds());
  EXPECT_THAT(codec_.Note(none, kCallId, desk), FailsWith(Reason::kInternalError));
  ASSERT_THAT(codec_.Note(evidence_, kCallId, desk), Succeeds());
  EXPECT_EQ(desk.notes.bytes(), notes_.bytes);
}

constexpr std::string_view kFirstForm =
    "ATEkMDE4OTBhNWQtYWM5Ni03NzRiLWJjY2UtYjMwMjA5OWE4MDU3gNvGlg0AJDEyM2U0NTY3LWU4OWItMTJkMy1h"
    "NDU2LTQyNjY1NTQ0MDAwMAQ4MThIAAEdVGh1LCAxNSBKYW4gMjAyNiAxMjowMDowMCBHTVQCDCsxMjE1NTU1MDEw"
    "MCdzaXA6KzEyMTU1NTUwMTAxQGV4YW1wbGUub3JnO3VzZXI9cGhvbmUBIiJBIiA8c2lwOisxMjE1NTU1MDEwMEBl"
    "eGFtcGxlLm9yZz4CvQNleUpoYkdjaU9pSkZVekkxTmlJc0luQndkQ0k2SW5Ob1lXdGxiaUlzSW5SNWNDSTZJbkJo"
    "YzNOd2IzSjBJaXdpZURWMUlqb2lhSFIwY0hNNkx5OWpaWEowTG1WNFlXMXdiR1V1YjNKbkwzQXVjR1Z0SW4wLmV5"
    "SmhkSFJsYzNRaU9pSkJJaXdpWkdWemRDSTZleUowYmlJNld5SXhNakUxTlRVMU1ERXdNU0pkZlN3aWFXRjBJam94"
    "TnpZNE5EYzROREF3TENKdmNtbG5JanA3SW5SdUlqb2lNVEl4TlRVMU5UQXhNREFpZlN3aWIzSnBaMmxrSWpvaU1U"
    "SXpaVFExTmpjdFpUZzVZaTB4TW1RekxXRTBOVFl0TkRJMk5qVTFORFF3TURBd0luMC5LaUpLd3d3SEsycjltbFdU"
    "cWQtVVJiMlpaVnMtQ1pwOGpJNWZEd1JwbWJ3SFFmeWEwUElPdmVRZ2NwbGhvMUZjaHpMWDFRNGRqb2xmZUVlY0Y0"
    "OVhBUTtpbmZvPTxodHRwczovL2NlcnQuZXhhbXBsZS5vcmcvcC5wZW0+O2FsZz1FUzI1NjtwcHQ9c2hha2VuKW5v"
    "dCBhIHRva2VuO2luZm89PGh0dHBzOi8veC5leGFtcGxlLm9yZy8+AAEMKzEyMTU1NTUwMTAwAQ1wc2FwLWNhbGxi"
    "YWNrAQdlc25ldC4xAQEHc2hhLTI1NgRhYv94ARxzaXA6KzEyMTU1NTUwMTAxQGV4YW1wbGUub3JnEGFAZ3cuZXhh"
    "bXBsZS5vcmcHdHJ1bmstMUBjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2Nj"
    "Y2NjY2NjY2NjY2NjY2NjCnNlcXVlbmNlIDcBBnJlamVjdAEGSG9sZGVyCWludGVyY2VwdA5pbnRlcm5hbC1lcnJv"
    "cugHAAEeaHR0cHM6Ly9jZXJ0LmV4YW1wbGUub3JnL3AucGVtAAABAQACAAEEAQACAQFBInBwcHBwcHBwcHBwcHBw"
    "cHBubm5ubnBwcHBwcHBubnBubm4AAYDbxpYNASQxMjNlNDU2Ny1lODliLTEyZDMtYTQ1Ni00MjY2NTU0NDAwMDAG"
    "c2hha2VuAAh2ZXJpZmllZEAwM2Q3NWZhN2YzNTUwZTk0OGRlYjNkMmE4YmJkNmY3ZDc2NWQ4MWU3NDk3MWFkYTVm"
    "MDNlN2E1OWEwMWU5ZDRkHmh0dHBzOi8vY2VydC5leGFtcGxlLm9yZy9wLnBlbQELMTIxNTU1NTAxMDEAAQsxMjE1"
    "NTU1MDEwMAAAInJyZnJycnJycnJycnJycnJycnJycnJycnJycnJycnJycnIBD2lkZW50aXR5LXN5bnRheBJpZGVu"
    "dGl0eS1tYWxmb3JtZWQAAAAAEmlkZW50aXR5LW1hbGZvcm1lZAAAAAAAAAtuby1pZGVudGl0eQh2ZXJpZmllZAEA"
    "DFRlc3QgQ2FycmllcggxMDAwMDAwM0AwM2Q3NWZhN2YzNTUwZTk0OGRlYjNkMmE4YmJkNmY3ZDc2NWQ4MWU3NDk3"
    "MWFkYTVmMDNlN2E1OWEwMWU5ZDRkAQQ4MThIIkNOPVNIQUtFTiA4MThILE89VGVzdCBDYXJyaWVyLEM9VVMBCzEy"
    "MTU1NTUwMTAwgNvGlg0Gc2hha2VuAQAMVGVzdCBDYXJyaWVyCDEwMDAwMDAzQDAzZDc1ZmE3ZjM1NTBlOTQ4ZGVi"
    "M2QyYThiYmQ2ZjdkNzY1ZDgxZTc0OTcxYWRhNWYwM2U3YTU5YTAxZTlkNGQBBDgxOEgiQ049U0hBS0VOIDgxOEgs"
    "Tz1UZXN0IENhcnJpZXIsQz1VUwsxMjE1NTU1MDEwMQ==";
constexpr std::string_view kRecordOfFirstForm =
    "735277e81803b82d4b7dc2ee0fa0790be5bea13dcb41ff8b168f9a621b65d523";

// A later version finds them in the spill directory: what a change of the program makes of these
// must stay as it is.
TEST(Notes, OfTheFirstFormAreReadByEveryLaterVersion) {
  const auto notes = DecodeBase64(kFirstForm);
  ASSERT_THAT(notes, Succeeds());
  const std::string sha256(64, 'b');
  const auto record = RecordOfNotes({*notes, {}}, std::vector<std::string_view>(5, sha256));
  ASSERT_THAT(record, Succeeds());
  EXPECT_EQ(Sha256Hex(record->text), kRecordOfFirstForm) << record->text;
}

constexpr std::string_view kSecondForm =
    "ATIkMDE4OTBhNWQtYWM5Ni03NzRiLWJjY2UtYjMwMjA5OWE4MDU3gNvGlg0ABDgxOEgAAAEMKzEyMTU1NTUwMT"
    "AxAAK9A2V5SmhiR2NpT2lKRlV6STFOaUlzSW5Cd2RDSTZJbk5vWVd0bGJpSXNJblI1Y0NJNkluQmhjM053YjNK"
    "MElpd2llRFYxSWpvaWFIUjBjSE02THk5alpYSjBMbVY0WVcxd2JHVXViM0puTDNBdWNHVnRJbjAuZXlKaGRIUm"
    "xjM1FpT2lKQklpd2laR1Z6ZENJNmV5SjBiaUk2V3lJeE1qRTFOVFUxTURFd01TSmRmU3dpYVdGMElqb3hOelk0"
    "TkRjNE5EQXdMQ0p2Y21sbklqcDdJblJ1SWpvaU1USXhOVFUxTlRBeE1EQWlmU3dpYjNKcFoybGtJam9pTVRJel"
    "pUUTFOamN0WlRnNVlpMHhNbVF6TFdFME5UWXROREkyTmpVMU5EUXdNREF3SW4wLjBNTDZyOFowUXFEdEJEOUVC"
    "M3FCbjNfQzVJTXZ6QjhfVV9iY25jd2tCS0tmT3podTQzN19zYm5sVHFTQjJWWGNMY093WlpicTBFTUdfeEtmNE"
    "8yLVZnO2luZm89PGh0dHBzOi8vY2VydC5leGFtcGxlLm9yZy9wLnBlbT47YWxnPUVTMjU2O3BwdD1zaGFrZW4p"
    "bm90IGEgdG9rZW47aW5mbz08aHR0cHM6Ly94LmV4YW1wbGUub3JnLz4AAQwrMTIxNTU1NTAxMDAAAAAAEGFAZ3"
    "cuZXhhbXBsZS5vcmcHdHJ1bmstMUBjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2Nj"
    "Y2NjY2NjY2NjY2NjY2NjY2NjY2NjCnNlcXVlbmNlIDcBBnJlamVjdAAGSG9sZGVyCWludGVyY2VwdA5pbnRlcm"
    "5hbC1lcnJvcugHAQACAQFBInBucHBwcHBwcHBwcHBwcHBubm5ubnBwcHBwcHBubnBubm4AAYDbxpYNASQxMjNl"
    "NDU2Ny1lODliLTEyZDMtYTQ1Ni00MjY2NTU0NDAwMDAGc2hha2VuAAh2ZXJpZmllZAICAQsxMjE1NTU1MDEwMQ"
    "ABCzEyMTU1NTUwMTAwAAAicnJmcnJycnJycnJycnJycnJycnJycnJycnJycnJycnJycgEPaWRlbnRpdHktc3lu"
    "dGF4EmlkZW50aXR5LW1hbGZvcm1lZAAAAAASaWRlbnRpdHktbWFsZm9ybWVkAAEAAAAAAAAIdmVyaWZpZWQCAQ"
    "sxMjE1NTU1MDEwMIDbxpYNBnNoYWtlbgILMTIxNTU1NTAxMDE=";
constexpr std::string_view kItsBasis =
    "AAEeaHR0cHM6Ly9jZXJ0LmV4YW1wbGUub3JnL3AucGVtAAABAQACAAEEAQAMVGVzdCBDYXJyaWVyCDEwMDAwMD"
    "AzQDdlZTVhMGQ0ZGFmZjE1YTk5N2MwMjlmYzkwNGJhZDY0ZGE4MzY1ODQ1NDc0YjAwZGM4NjhkMTBiMjY4M2Nh"
    "MTABBDgxOEgiQ049U0hBS0VOIDgxOEgsTz1UZXN0IENhcnJpZXIsQz1VUw==";
constexpr std::string_view kRecordOfSecondForm =
    "76347150fac88a5a4b49abbb1163ffa3df396a712c20a071f1dde1ffd36f8353";

TEST(Notes, OfTheSecondFormAreReadByEveryLaterVersion) {
  const auto own = DecodeBase64(kSecondForm);
  const auto basis = DecodeBase64(kItsBasis);
  ASSERT_THAT(own, Succeeds());
  ASSERT_THAT(basis, Succeeds());
  const std::string sha256(64, 'b');
  const auto record = RecordOfNotes({*own, *basis}, std::vector<std::string_view>(5, sha256));
  ASSERT_THAT(record, Succeeds());
  EXPECT_EQ(Sha256Hex(record->text), kRecordOfSecondForm) << record->text;
  EXPECT_EQ(record->keys.origid, "123e4567-e89b-12d3-a456-426655440000");
  EXPECT_EQ(record->keys.spc, "818H");
}

std::string BigEndian(uint64_t number, size_t size) {
  std::string bytes;
  for (size_t i = size; i-- > 0;) bytes += static_cast<char>(number >> (8 * i) & 0xFF);
  return bytes;
}

std::string Frame(const std::string& payload) {
  return "\xF7"
         "cvG" +
         BigEndian(payload.size(), 4) + BigEndian(SipHashForTables(SipKey{}, payload), 8) + payload;
}

TEST(Notes, OfTheFirstFormAreReadFromAFile) {
  const auto notes = DecodeBase64(kFirstForm);
  ASSERT_THAT(notes, Succeeds());
  const std::string bytes =
      Frame("C" + BigEndian(5, 4) + std::string(std::size_t{5} * 32, '\xBB') + *notes);
  RecordCursor cursor;
  const auto record = NextRecord(bytes + bytes, cursor);
  ASSERT_NE(record, nullptr);
  EXPECT_EQ(Sha256Hex(record->text), kRecordOfFirstForm) << record->text;
  EXPECT_NE(NextRecord(bytes + bytes, cursor), nullptr);
  EXPECT_EQ(NextRecord(bytes + bytes, cursor), nullptr);
  EXPECT_FALSE(cursor.torn);
}

std::string BasisFrame(uint64_t label, const std::string& notes) {
  return Frame("S" + BigEndian(label, 8) + BigEndian(5, 4) +
               std::string(std::size_t{5} * 32, '\xBB') + notes);
}

std::string CallFrame(uint64_t label, const std::string& notes) {
  return Frame("N" + BigEndian(label, 8) + notes);
}

TEST(Notes, OfTheSecondFormAreReadFromAFile) {
  const std::string own = DecodeBase64(kSecondForm).value();
  const std::string basis = DecodeBase64(kItsBasis).value();
  const std::string bytes = BasisFrame(0, basis) + CallFrame(0, own) + CallFrame(0, own);
  RecordCursor cursor;
  for (int i = 0; i < 2; ++i) {
    const auto record = NextRecord(bytes, cursor);
    ASSERT_NE(record, nullptr);
    EXPECT_EQ(Sha256Hex(record->text), kRecordOfSecondForm) << record->text;
  }
  EXPECT_EQ(NextRecord(bytes, cursor), nullptr);
  EXPECT_FALSE(cursor.torn);
}

// Whoever places a call writes some of the bytes of its frame, and where that is damaged they are
// looked through for frames.
TEST(Notes, ABasisThatACallersBytesImitateIsThatOfNoOtherCall) {
  const std::string own = DecodeBase64(kSecondForm).value();
  const std::string basis = DecodeBase64(kItsBasis).value();
  std::string forged = basis;
  forged.replace(forged.find("Test Carrier"), 12, "Evil Carrier");
  const std::string head = BasisFrame(0, basis) + CallFrame(0, own);
  const uint64_t second = head.size();
  const std::string file = head + BasisFrame(second, basis) + CallFrame(second, own);
  for (const uint64_t label :
       {uint64_t{0}, uint64_t{1}, second, uint64_t{file.size() + 1}, uint64_t{file.size() * 2}}) {
    const std::string imitated = BasisFrame(label, forged);
    const uint64_t third = file.size() + imitated.size();
    const std::string bytes =
        file + imitated + CallFrame(second, own) + BasisFrame(third, basis) + CallFrame(third, own);
    RecordCursor cursor;
    for (int read = 0; read < 2; ++read) {  // as after a store that took nothing
      cursor.offset = 0;
      for (int i = 0; i < 4; ++i) {
        const auto record = NextRecord(bytes, cursor);
        ASSERT_NE(record, nullptr) << label << ' ' << i;
        EXPECT_EQ(Sha256Hex(record->text), kRecordOfSecondForm) << label << ' ' << i;
      }
      EXPECT_EQ(NextRecord(bytes, cursor), nullptr);
    }
    EXPECT_EQ(cursor.damaged, 1U) << label;
  }
}

}  // namespace
}  // namespace callvet::test
