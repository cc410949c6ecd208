// SPDX-License-Identifier: MIT
// A recorded call is judged again from its record alone, and comes to the same verdict.
#include "api/evidence_replay.h"

#include <deque>
#include <functional>
#include <tuple>

#include "api/verdict_json.h"

#include "base/base64url.h"
#include "callvet/content_source.h"
#include "evidence/call_json.h"
#include "evidence/evidence_bundle.h"
#include "evidence/json_fields.h"
#include "evidence_fixture.h"

namespace callvet::test {
namespace {

using std::chrono::hours;

EvidenceReplay::Outcome Replayed(StoreLab& lab, const CallEvidence& evidence) {
  EvidenceCodec codec;
  const auto record = RecordOf(codec, evidence);
  EXPECT_THAT(lab.store->Append({record}, EvidenceStore::Seen::kNever), Succeeds());
  const auto stored = lab.store->Get(record->id);
  if (!stored) return EvidenceReplay::Outcome::kDiffers;
  EXPECT_EQ(ColumnsDifference(*stored), "");
  const auto text = codec.Read(stored->text);
  if (!text) return EvidenceReplay::Outcome::kDiffers;
  const auto replay = ReplayEvidence(*text, BlobsOf(lab.store));
  EXPECT_THAT(replay, Succeeds());
  if (!replay) return EvidenceReplay::Outcome::kDiffers;
  EXPECT_EQ(replay->verdict.reason, evidence.verdict.reason) << replay->difference;
  EXPECT_EQ(replay->difference, "");
  return replay->outcome;
}

struct Case {
  const char* name;
  Reason reason;
  std::function<void(TestCall&)> change;
};

TEST(EvidenceReplayTest, H9_EveryVerdictIsRepeated) {
  const std::vector<Case> cases = {
      {"genuine", Reason::kNone, [](TestCall&) {}},
      {"stale", Reason::kIatStale, [](TestCall& call) { call.now += hours(1); }},
      {"no token", Reason::kTokenMalformed, [](TestCall& call) { call.identities = {"x"}; }},
      {"other caller", Reason::kOrigMismatch,
       [](TestCall& call) { call.request.orig = {"+12155550199"}; }},
      {"no certificate", Reason::kCertificateNotAvailable,
       [](TestCall& call) { call.bundle.clear(); }},
      {"untrusted", Reason::kChainUntrusted,
       [](TestCall& call) { call.store = StoreOf({.anchors = {IssueRoot()}}); }},
      {"revoked", Reason::kCertificateRevoked,
       [](TestCall& call) {
         CrlSpec crl;
         crl.entries = {{.serial_hex = call.leaf.certificate.serial_hex()}};
         call.store = StoreOf({.anchors = {call.root}, .crls = {MakeCrl(crl, call.ca)}});
       }},
      {"crl required", Reason::kCrlNotAvailable,
       [](TestCall& call) {
         call.store = StoreOf({.anchors = {call.root}, .policy = RevocationPolicy::kRequired});
       }},
      {"national number", Reason::kNone,
       [](TestCall& call) {
         call.options.dial_plan = FindDialPlan("US");
         call.request.orig = {"2155550100"};
       }},
      {"tampered", Reason::kSignatureInvalid,
       [](TestCall& call) {
         const std::string other = call.Identity();
         call.payload = Payload({{"attest", "\"B\""}});
         const std::string token = call.Token();
         call.identities = {token.substr(0, token.rfind('.')) +
                            other.substr(other.find('.', other.find('.') + 1))};
       }},
  };
  StoreLab lab;
  for (const Case& one : cases) {
    TestCall call;
    one.change(call);
    const CallEvidence evidence = EvidenceOf(call);
    EXPECT_EQ(evidence.verdict.reason, one.reason) << one.name;
    EXPECT_EQ(Replayed(lab, evidence), EvidenceReplay::Outcome::kRepeated) << one.name;
  }
}

// A customer of the carrier with SPC 4321 signs `call`, with the numbers that it delegated.
void DelegateNumbers(const std::vector<TnAuthList::Range>& numbers, TestCall& call) {
  CertSpec carrier = CaSpec("/CN=Carrier");
  carrier.tn_auth_list = SpcList({"4321"});
  const TestCert carrier_ca = Issue(carrier, call.ca);
  CertSpec customer = LeafSpec();
  customer.tn_auth_list = NumberList(numbers);
  call.leaf = Issue(customer, carrier_ca);
  call.bundle = {call.leaf.certificate, carrier_ca.certificate, call.ca.certificate};
}

// The carrier that delegated numbers answers for who signs with them (RFC 9060). Records of earlier
// versions have no SPC there, and are what they were.
TEST(EvidenceReplayTest, ADelegatesCallLeadsToWhoDelegated) {
  StoreLab lab;
  TestCall call;
  DelegateNumbers({{"12155550100", 5}}, call);
  const CallEvidence evidence = EvidenceOf(call);
  ASSERT_EQ(evidence.verdict.reason, Reason::kNone);
  EXPECT_EQ(Replayed(lab, evidence), EvidenceReplay::Outcome::kRepeated);
  EvidenceCodec codec;
  const auto record = RecordOf(codec, evidence);
  EXPECT_EQ(record->keys.spc, "4321");
  EXPECT_EQ(record->summary.party.signer, "4321");
  ASSERT_THAT(lab.store->Append({record}, EvidenceStore::Seen::kNever), Succeeds());

  const auto with_spc = [&](const std::string& spc) {
    std::string text = record->text;
    const std::string now = R"("spc":"4321")";
    const size_t at = text.find(now + "}");  // behind it is no other key
    EXPECT_NE(at, std::string::npos);
    text.replace(at, now.size(), spc.empty() ? "" : R"("spc":")" + spc + R"(")");
    if (spc.empty()) text.erase(at - 1, 1);
    return ReplayEvidence(*codec.Read(text), BlobsOf(lab.store));
  };
  const auto old = with_spc("");
  ASSERT_THAT(old, Succeeds());
  EXPECT_EQ(old->outcome, EvidenceReplay::Outcome::kRepeated) << old->difference;
  const auto forged = with_spc("8765");
  ASSERT_THAT(forged, Succeeds());
  EXPECT_EQ(forged->outcome, EvidenceReplay::Outcome::kDiffers);
}

// A certificate is public: whoever names it, and cannot sign as it does, is not who it says.
// Records of earlier versions have it for the signer, and are what they were.
TEST(EvidenceReplayTest, AForgedSignatureLeadsToNobody) {
  StoreLab lab;
  TestCall call;
  const std::string other = call.Identity();
  call.payload = Payload({{"attest", "\"B\""}});
  const std::string token = call.Token();
  call.identities = {token.substr(0, token.rfind('.')) +
                     other.substr(other.find('.', other.find('.') + 1))};
  const CallEvidence evidence = EvidenceOf(call);
  ASSERT_EQ(evidence.verdict.reason, Reason::kSignatureInvalid);
  ASSERT_TRUE(evidence.verdict.deciding()->ChainPassed());
  EXPECT_FALSE(evidence.verdict.deciding()->IsPutDownToSigner());
  EvidenceCodec codec;
  const auto record = RecordOf(codec, evidence);
  EXPECT_EQ(record->keys.spc, "");
  EXPECT_EQ(record->summary.party.signer, "");
  ASSERT_THAT(lab.store->Append({record}, EvidenceStore::Seen::kNever), Succeeds());
  const auto with_spc = [&](const std::string& spc) {
    std::string text = record->text;
    const std::string reason = R"("reason":"signature-invalid"})";
    const size_t at = text.find(reason, text.find(R"("keys":)"));
    EXPECT_NE(at, std::string::npos);
    text.insert(at + reason.size() - 1, R"(,"spc":")" + spc + R"(")");
    const auto replay = ReplayEvidence(*codec.Read(text), BlobsOf(lab.store));
    EXPECT_THAT(replay, Succeeds());
    return replay->outcome;
  };
  EXPECT_EQ(with_spc("818H"), EvidenceReplay::Outcome::kRepeated);
  EXPECT_EQ(with_spc("999X"), EvidenceReplay::Outcome::kDiffers);
}

// Who signs what the certificate does not allow answers for it.
TEST(EvidenceReplayTest, ACallBeyondTheSignersAuthorityIsPutDownToIt) {
  TestCall call;
  DelegateNumbers({{"12155550177", 1}}, call);
  const CallEvidence evidence = EvidenceOf(call);
  ASSERT_EQ(evidence.verdict.reason, Reason::kTnNotAuthorized);
  EvidenceCodec codec;
  EXPECT_EQ(RecordOf(codec, evidence)->keys.spc, "4321");
}

TEST(EvidenceReplayTest, WhatRanOutOfTimeIsNotRepeated) {
  StoreLab lab;
  TestCall call;
  CallEvidence evidence = EvidenceOf(call);
  // As if time had run out before the signature.
  CheckList& checks = evidence.verdict.passports.at(0).checks;
  for (size_t i = 0; i < checks.size(); ++i) {
    if (checks[i].id != "signature") continue;
    checks.SetOutcome(i, CheckOutcome::kFailed);
    checks.SetReason(i, Reason::kDeadlineExceeded);
  }
  evidence.verdict.reason = Reason::kDeadlineExceeded;
  EvidenceCodec codec;
  const auto record = RecordOf(codec, evidence);
  ASSERT_THAT(lab.store->Append({record}, EvidenceStore::Seen::kNever), Succeeds());
  const auto replay = ReplayEvidence(*codec.Read(record->text), BlobsOf(lab.store));
  ASSERT_THAT(replay, Succeeds());
  EXPECT_EQ(replay->outcome, EvidenceReplay::Outcome::kUndecided);
}

// "internal-error" as the caller's own word makes a difference no less of one.
TEST(EvidenceReplayTest, WhatATokenSaysIsNoReason) {
  StoreLab lab;
  TestCall call;
  call.options.origid_policy = OrigidPolicy::kAnyString;
  call.payload = Payload({{"origid", "\"internal-error\""}});
  CallEvidence evidence = EvidenceOf(call);
  ASSERT_EQ(evidence.verdict.reason, Reason::kNone);
  evidence.verdict.reason = Reason::kSignatureInvalid;
  EvidenceCodec codec;
  const auto record = RecordOf(codec, evidence);
  ASSERT_THAT(lab.store->Append({record}, EvidenceStore::Seen::kNever), Succeeds());
  const auto replay = ReplayEvidence(*codec.Read(record->text), BlobsOf(lab.store));
  ASSERT_THAT(replay, Succeeds());
  EXPECT_EQ(replay->outcome, EvidenceReplay::Outcome::kDiffers);
}

// What was received is kept byte by byte, whatever it is.
TEST(EvidenceReplayTest, H9_BytesThatAreNoTextAreKeptAsTheyWere) {
  TestCall call;
  CallEvidence evidence = EvidenceOf(call);
  const std::string odd = std::string("hello \xFF", 7) + '\0' + "\xE9";
  evidence.call.identities.push_back(
      "\xFF\xFE\x80"
      "abc;info=<https://\xE9.org>");
  evidence.call.message_body = odd;
  evidence.call.orig = {"sip:\xE9@example.org"};
  EvidenceCodec codec;
  const auto record = RecordOf(codec, evidence);
  const auto text = codec.Read(record->text);
  ASSERT_THAT(text, Succeeds());
  const auto call_again = ReadCallJson(text->private_.Find("call"));
  ASSERT_THAT(call_again, Succeeds());
  EXPECT_EQ(call_again->identities, evidence.call.identities);
  EXPECT_EQ(call_again->message_body, evidence.call.message_body);
  EXPECT_EQ(call_again->orig, evidence.call.orig);
}

class NoContent final : public ContentSource {
 public:
  [[nodiscard]] Result<std::string> Get(std::string_view /*url*/,
                                        const Deadline& /*deadline*/) const override {
    return Fail(Reason::kFetchConnectFailed, "there is none");
  }
};

// Content that could have been fetched, had the rich call data named any, is not content left
// alone.
TEST(EvidenceReplayTest, F23_RichCallDataWithNothingToFetchIsRepeated) {
  StoreLab lab;
  TestCall call;
  call.payload = Payload({{"rcd", R"({"nam":"Alice"})"}});
  call.source->bundle = std::make_shared<const CertificateBundle>(call.bundle);
  const std::vector<std::shared_ptr<const ContentSource>> contents = {
      nullptr, std::make_shared<const NoContent>()};
  for (const auto& content : contents) {
    CallEvidence evidence = EvidenceOf(call);
    const Verifier verifier(call.options, call.store, call.source,
                            std::make_shared<FixedClock>(call.now), call.engine, content);
    evidence.verdict = verifier.Verify(evidence.call, call.deadline, evidence.material);
    ASSERT_EQ(evidence.verdict.passports.size(), 1U);
    ASSERT_TRUE(evidence.verdict.passports[0].rich_call_data);
    EXPECT_EQ(Replayed(lab, evidence), EvidenceReplay::Outcome::kRepeated);
  }
}

// Answers what it is told, in order; the last one stays.
template <class T>
Result<T> TakeNext(std::deque<Result<T>>& answers) {
  Result<T> answer = answers.front();
  if (answers.size() > 1) answers.pop_front();
  return answer;
}
using SharedBundle = std::shared_ptr<const CertificateBundle>;

class MoodySource final : public CertificateSource {
 public:
  explicit MoodySource(std::deque<Result<SharedBundle>> answers) : answers_(std::move(answers)) {}
  [[nodiscard]] Result<SharedBundle> Get(std::string_view /*x5u*/,
                                         const Deadline& /*deadline*/) const override {
    return TakeNext(answers_);
  }
  [[nodiscard]] Result<TnAuthList> GetTnAuthList(std::string_view /*url*/,
                                                 const Deadline& /*deadline*/) const override {
    return Fail(Reason::kTnAuthListNotAvailable, "none");
  }

 private:
  mutable std::deque<Result<SharedBundle>> answers_;
};

// Two Identity headers that name the same certificate may get two answers.
TEST(EvidenceReplayTest, H9_AnswersOfOneUrlAreRepeatedInOrder) {
  StoreLab lab;
  TestCall call;
  const auto bundle = std::make_shared<const CertificateBundle>(call.bundle);
  const Failure status = Fail(Reason::kFetchHttpStatus, "500");
  const Failure backoff = Fail(Reason::kFetchBackoff, "later");
  const std::vector<std::deque<Result<SharedBundle>>> cases = {
      {status, backoff}, {status, bundle}, {bundle, status}, {status, backoff, bundle}};
  for (const auto& answers : cases) {
    CallEvidence evidence = EvidenceOf(call);
    evidence.call.identities.assign(answers.size() + 1, call.Identity());
    evidence.material = {};
    const Verifier verifier(call.options, call.store, std::make_shared<MoodySource>(answers),
                            std::make_shared<FixedClock>(call.now), call.engine);
    evidence.verdict = verifier.Verify(evidence.call, call.deadline, evidence.material);
    EXPECT_EQ(Replayed(lab, evidence), EvidenceReplay::Outcome::kRepeated);
  }
}

// A record's keys and the search for it say the same of parties that are no numbers.
TEST(EvidenceReplayTest, FoundByWhatIsNoNumber) {
  TestCall call;
  CallEvidence evidence = EvidenceOf(call);
  evidence.call.orig = {"anonymous"};
  evidence.call_id = "12155550100-abc@example.org";
  for (const auto& key :
       {std::optional<NumberSecret>(), std::optional(*NumberSecret::Parse(std::string(64, 'a')))}) {
    EvidenceCodec codec(key);
    const auto record = RecordOf(codec, evidence);
    EXPECT_EQ(record->keys.orig, codec.KeyOf("anonymous", nullptr).value());
    EXPECT_EQ(record->keys.call_id, codec.CallIdKey(evidence.call_id).value());
    EXPECT_EQ(record->text.find(evidence.call_id) == std::string::npos, key.has_value());
  }
}

TEST(EvidenceReplayTest, AWrongVerdictIsFoundOut) {
  StoreLab lab;
  TestCall call;
  CallEvidence evidence = EvidenceOf(call);
  evidence.verdict.reason = Reason::kSignatureInvalid;
  EvidenceCodec codec;
  const auto record = RecordOf(codec, evidence);
  ASSERT_THAT(lab.store->Append({record}, EvidenceStore::Seen::kNever), Succeeds());
  const auto replay = ReplayEvidence(*codec.Read(record->text), BlobsOf(lab.store));
  ASSERT_THAT(replay, Succeeds());
  EXPECT_EQ(replay->outcome, EvidenceReplay::Outcome::kDiffers);
}

// A record whose text says other than its call and verdict: only its writer, or whoever forged a
// bundle, could make one.
class FalseRecordTest : public testing::Test {
 protected:
  FalseRecordTest() {
    TestCall call;
    evidence_ = EvidenceOf(call);
    evidence_.call_id = "1@example.org";
    evidence_.disposition = Disposition();
    evidence_.disposition->reason = Reason::kNone;
  }
  // Judged again once `from` in the record's text is `to`.
  Result<EvidenceReplay> Replay(const std::string& from, const std::string& to) {
    const auto record = RecordOf(codec_, evidence_);
    std::map<std::string, std::string, std::less<>> blobs;
    for (const auto& blob : record->blobs) blobs[blob->sha256] = blob->bytes;
    std::string text = record->text;
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    if (at != std::string::npos) text.replace(at, from.size(), to);
    const auto read = codec_.Read(text);
    if (!read) return read.error();
    return ReplayEvidence(*read, [&](std::string_view sha256) -> Result<std::string> {
      return blobs.at(std::string(sha256));
    });
  }
  EvidenceReplay::Outcome Outcome(const std::string& from, const std::string& to) {
    const auto replay = Replay(from, to);
    EXPECT_THAT(replay, Succeeds());
    return replay ? replay->outcome : EvidenceReplay::Outcome::kUndecided;
  }
  CallEvidence evidence_;
  EvidenceCodec codec_;
};

TEST_F(FalseRecordTest, KeysThatAreNotThoseOfTheCallDiffer) {
  EXPECT_EQ(Outcome("\"keys\":", "\"keys\":"), EvidenceReplay::Outcome::kRepeated);
  const std::pair<const char*, const char*> changes[] = {
      {R"("orig":"12155550100","origid":)", R"("orig":"12155550199","origid":)"},
      {R"("dest":"12155550101","orig":"12155550100","origid")",
       R"("dest":"12155550199","orig":"12155550100","origid")"},
      {R"("origid":"123e4567-e89b-12d3-a456-426655440000","reason":"verified","spc")",
       R"("origid":"123e4567-e89b-12d3-a456-426655440001","reason":"verified","spc")"},
      {R"("reason":"verified","spc":"818H"})", R"("reason":"iat-stale","spc":"818H"})"},
      {R"("reason":"verified","spc":"818H"})", R"("reason":"verified","spc":"999X"})"},
      {R"("keys":{"call_id":"1@example.org")", R"("keys":{"call_id":"2@example.org")"}};
  for (const auto& [from, to] : changes) {
    EXPECT_EQ(Outcome(from, to), EvidenceReplay::Outcome::kDiffers) << from;
  }
}

TEST_F(FalseRecordTest, ADecisionThatRestsOnAnotherVerdictDiffers) {
  const std::string is =
      R"("disposition":{"action":"reject","mode":"intercept","reason":"verified")";
  const std::string head = is.substr(0, is.size() - 10);
  EXPECT_EQ(Outcome(is, head + "\"signature-invalid\""), EvidenceReplay::Outcome::kDiffers);
  EXPECT_EQ(Outcome(is, head + "\"number-not-assigned\""), EvidenceReplay::Outcome::kRepeated);
  TestCall call;
  call.now += hours(1);
  const auto disposition = evidence_.disposition;
  evidence_ = EvidenceOf(call);
  evidence_.disposition = disposition;
  evidence_.disposition->reason = Reason::kIatStale;
  const std::string stale = head + "\"iat-stale\"";
  EXPECT_EQ(Outcome(stale, stale), EvidenceReplay::Outcome::kRepeated);
  EXPECT_EQ(Outcome(stale, is), EvidenceReplay::Outcome::kDiffers);
}

TEST_F(FalseRecordTest, NothingIsVerifiedWithoutTrust) {
  evidence_.material.trust_store = nullptr;
  EXPECT_THAT(Replay("\"keys\":", "\"keys\":"), FailsWith(Reason::kEvidenceAltered));
}

class BundleTest : public testing::Test {
 protected:
  BundleTest() {
    TestCall call;
    record_ = RecordOf(codec_, EvidenceOf(call));
    EXPECT_THAT(lab_.store->Append({record_}, EvidenceStore::Seen::kNever), Succeeds());
    const auto stored = lab_.store->Get(record_->id);
    const auto bundle =
        MakeBundle({*stored, codec_, BlobsOf(lab_.store), *lab_.signer, JsonValue("good")});
    EXPECT_THAT(bundle, Succeeds());
    text_ = WriteJson(*bundle);
  }
  Result<EvidenceReplay> Replay(const std::string& text,
                                const std::optional<std::string>& key = std::nullopt,
                                const std::optional<std::vector<Certificate>>& trusted = {}) {
    const ExactBytes exact(text);
    const auto bundle = ReadBundle(exact.view(), key);
    if (!bundle) return bundle.error();
    return ReplayEvidence(bundle->text, bundle->blobs, trusted);
  }
  StoreLab lab_;
  EvidenceCodec codec_;
  std::shared_ptr<const EvidenceRecord> record_;
  std::string text_;
};

TEST_F(BundleTest, NeedsNothingElse) {
  const auto replay = Replay(text_);
  ASSERT_THAT(replay, Succeeds());
  EXPECT_EQ(replay->outcome, EvidenceReplay::Outcome::kRepeated);
  EXPECT_EQ(replay->verdict.reason, Reason::kNone);
  EXPECT_THAT(Replay(text_, lab_.signer->public_pem()), Succeeds());
}

TEST_F(BundleTest, AnotherKeyIsNotTrusted) {
  EXPECT_THAT(Replay(text_, NewSigner()->public_pem()), FailsWith(Reason::kEvidenceAltered));
}

// Every change of a letter or digit is refused, or changes nothing that counts.
TEST_F(BundleTest, AlteredBundlesAreTold) {
  size_t tried = 0;
  for (size_t i = 0; i < text_.size(); i += 7) {
    if (!std::isalnum(static_cast<unsigned char>(text_[i]))) continue;
    // The last character before padding has bits that stand for nothing: the same bytes, so the
    // same.
    if (i + 1 < text_.size() && text_[i + 1] == '=') continue;
    std::string altered = text_;
    altered[i] = altered[i] == '1' ? '2' : '1';
    ++tried;
    const auto replay = Replay(altered);
    EXPECT_FALSE(replay && replay->outcome == EvidenceReplay::Outcome::kRepeated)
        << altered.substr(i < 40 ? 0 : i - 40, 80);
  }
  EXPECT_GT(tried, 100U);
}

TEST_F(BundleTest, TheVerdictInItIsSignedToo) {
  const size_t at = text_.find("\"verdict\":\"good\"");
  ASSERT_NE(at, std::string::npos);
  std::string altered = text_;
  altered.replace(at, 16, "\"verdict\":\"evil\"");
  EXPECT_THAT(Replay(altered), FailsWith(Reason::kEvidenceAltered));
  std::string more = text_;
  more.insert(1, "\"note\":1,");
  EXPECT_THAT(Replay(more), FailsWith(Reason::kEvidenceAltered));
}

// Whoever forges a bundle brings his own anchors.
TEST_F(BundleTest, OnlyAnchorsOfMyOwnCountIfISaySo) {
  const auto replay =
      Replay(text_, std::nullopt, std::vector<Certificate>{IssueRoot().certificate});
  ASSERT_THAT(replay, Succeeds());
  EXPECT_EQ(replay->verdict.reason, Reason::kChainUntrusted);
  EXPECT_EQ(replay->outcome, EvidenceReplay::Outcome::kDiffers);
  const auto anchors = Replay(text_)->trust_store->anchors();
  ASSERT_FALSE(anchors.empty());
  EXPECT_EQ(Replay(text_, std::nullopt, anchors)->outcome, EvidenceReplay::Outcome::kRepeated);
}

// Signed by whoever made the file, who may say what he likes.
TEST_F(BundleTest, AVerdictBesideTheRecordMustBeItsOwn) {
  const auto stored = lab_.store->Get(record_->id);
  const auto outcome = [&](const JsonValue& exported) {
    const auto made = MakeBundle({*stored, codec_, BlobsOf(lab_.store), *lab_.signer, exported});
    EXPECT_THAT(made, Succeeds());
    const auto bundle = ReadBundle(WriteJson(*made), std::nullopt);
    EXPECT_THAT(bundle, Succeeds());
    auto replay = ReplayEvidence(bundle->text, bundle->blobs);
    EXPECT_THAT(replay, Succeeds());
    CompareExported(bundle->verdict, *replay);
    return replay->outcome;
  };
  const JsonValue own = VerdictJson(Replay(text_)->verdict);
  EXPECT_EQ(outcome(own), EvidenceReplay::Outcome::kRepeated);
  EXPECT_EQ(outcome(JsonValue()), EvidenceReplay::Outcome::kRepeated);
  const std::string text = WriteJson(own);
  const std::tuple<const char*, const char*, EvidenceReplay::Outcome> changes[] = {
      {R"("reason":"verified")", R"("reason":"iat-stale")", EvidenceReplay::Outcome::kDiffers},
      {R"("attest":"A")", R"("attest":"B")", EvidenceReplay::Outcome::kDiffers},
      {R"("orig":"12155550100")", R"("orig":"12155550199")", EvidenceReplay::Outcome::kDiffers},
      {R"("spc":"818H")", R"("spc":"999X")", EvidenceReplay::Outcome::kDiffers},
      {R"("outcome":"passed")", R"("outcome":"failed")", EvidenceReplay::Outcome::kDiffers},
      {R"("verstat":)", R"("note":"trust me","verstat":)", EvidenceReplay::Outcome::kDiffers},
      {R"("phrase":null)", R"("phrase":"other words")", EvidenceReplay::Outcome::kRepeated}};
  for (const auto& [from, to, wanted] : changes) {
    std::string changed = text;
    ASSERT_NE(changed.find(from), std::string::npos) << from;
    changed.replace(changed.find(from), std::string_view(from).size(), to);
    EXPECT_EQ(outcome(*ReadJson(changed)), wanted) << from;
  }
  EXPECT_EQ(outcome(JsonValue("good")), EvidenceReplay::Outcome::kDiffers);
}

TEST_F(BundleTest, BrokenTextIsRefused) {
  EXPECT_THAT(Replay(""), FailsWith(Reason::kFileInvalid));
  EXPECT_THAT(Replay("{}"), FailsWith(Reason::kFileInvalid));
  EXPECT_THAT(Replay("{\"callvet_evidence\":2}"), FailsWith(Reason::kFileInvalid));
  EXPECT_THAT(Replay("{\"callvet_evidence\":1}"), FailsWith(Reason::kEvidenceAltered));
  for (size_t length = 0; length < text_.size(); length += 101) {
    EXPECT_FALSE(Replay(text_.substr(0, length)));
  }
}

// What a carrier replaced went on living in the memory of the encoder, 4,096 chains of them.
TEST(EvidenceCodecTest, KeepsNothingAliveThatNobodyElseHas) {
  EvidenceCodec codec;
  std::weak_ptr<const CertificateBundle> bundle;
  std::weak_ptr<const TrustStore> store;
  {
    TestCall call;
    const CallEvidence evidence = EvidenceOf(call);
    ASSERT_FALSE(evidence.material.certificates.empty());
    bundle = *evidence.material.certificates.front().value;
    store = evidence.material.trust_store;
    ASSERT_NE(RecordOf(codec, evidence), nullptr);
  }
  EXPECT_TRUE(bundle.expired());
  EXPECT_TRUE(store.expired());
}

// Under UBSan: a record that says so is altered, and nothing overflows.
TEST(EvidenceReplayTest, NumbersThatCannotBeAreRefused) {
  TestCall call;
  EvidenceCodec codec;
  const auto record = RecordOf(codec, EvidenceOf(call));
  std::map<std::string, std::string, std::less<>> blobs;
  for (const auto& blob : record->blobs) blobs[blob->sha256] = blob->bytes;
  const BlobSource source = [&](std::string_view sha256) -> Result<std::string> {
    return blobs.at(std::string(sha256));
  };
  const auto changed = [](const std::string& text, const std::string& name,
                          const std::string& number) {
    const size_t at = text.find("\"" + name + "\":") + name.size() + 3;
    return text.substr(0, at) + number + text.substr(text.find_first_of(",}", at));
  };
  for (const char* number : {"9223372036854775807", "-9223372036854775808"}) {
    const auto text = codec.Read(changed(record->text, "time", number));
    EXPECT_FALSE(text && ReplayEvidence(*text, source));
    EXPECT_THAT(RecordOfText(changed(record->text, "time", number)),
                FailsWith(Reason::kEvidenceAltered));
    const std::string options = CanonicalJson(OptionsJson(VerifierOptions()));
    for (const char* name : {"max_age", "max_diverted_age"}) {
      const auto json = ReadEvidenceJson(changed(options, name, number));
      ASSERT_THAT(json, Succeeds());
      EXPECT_THAT(ReadOptionsJson(&*json), FailsWith(Reason::kEvidenceAltered));
    }
  }
}

TEST(NumberKeyTest, NumbersAreHashedAndFoundWithTheKey) {
  const auto key = NumberSecret::Parse(std::string(64, 'a') + "\n");
  ASSERT_THAT(key, Succeeds());
  TestCall call;
  EvidenceCodec codec(*key);
  const auto record = RecordOf(codec, EvidenceOf(call));
  EXPECT_EQ(record->text.find("2155550100"), std::string::npos);
  EXPECT_EQ(record->text.find(call.Identity().substr(0, 40)), std::string::npos);
  EXPECT_EQ(*codec.KeyOf("+1 (215) 555-0100", nullptr), record->keys.orig);
  EXPECT_NE(
      *EvidenceCodec(*NumberSecret::Parse(std::string(64, 'b'))).KeyOf("12155550100", nullptr),
      record->keys.orig);
  EXPECT_TRUE(EvidenceCodec().Read(record->text)->sealed());
  const auto opened = codec.Read(record->text);
  ASSERT_THAT(opened, Succeeds());
  EXPECT_FALSE(opened->sealed());
  EXPECT_THAT(EvidenceCodec(*NumberSecret::Parse(std::string(64, 'b'))).Read(record->text),
              FailsWith(Reason::kEvidenceAltered));
  EXPECT_THAT(NumberSecret::Parse("abc"), FailsWith(Reason::kKeyInvalid));
}

// What should be a UUID or a letter may be a name.
TEST(NumberKeyTest, ClaimsThatMayNameSomebodyAreSealed) {
  const auto key = NumberSecret::Parse(std::string(64, 'a'));
  StoreLab lab;
  TestCall call;
  call.options.origid_policy = OrigidPolicy::kAnyString;
  for (const char* attest : {"A", "alice-12155550100"}) {
    call.payload =
        Payload({{"origid", "\"Bob 12155550101\""}, {"attest", "\"" + std::string(attest) + "\""}});
    const CallEvidence evidence = EvidenceOf(call);
    EvidenceCodec codec(*key);
    const auto record = RecordOf(codec, evidence);
    for (const char* word : {"Bob", "alice", "12155550100", "12155550101"}) {
      EXPECT_EQ(record->text.find(word), std::string::npos) << word;
    }
    if (evidence.verdict.passports.at(0).origid) {
      EXPECT_EQ(record->keys.origid, codec.OrigidKey("Bob 12155550101").value());
    }
    EXPECT_EQ(EvidenceCodec().OrigidKey("Bob 12155550101").value(), "Bob 12155550101");
    std::map<std::string, std::string, std::less<>> blobs;
    for (const auto& blob : record->blobs) blobs[blob->sha256] = blob->bytes;
    const BlobSource source = [&](std::string_view sha256) -> Result<std::string> {
      return blobs.at(std::string(sha256));
    };
    const auto text = codec.Read(record->text);
    ASSERT_THAT(text, Succeeds());
    const JsonValue& passport = text->json.Find("verdict")->Find("passports")->AsArray()->at(0);
    if (evidence.verdict.passports.at(0).attest) {
      EXPECT_EQ(*passport.Find("attest")->AsString(), attest);
    }
    const auto replay = ReplayEvidence(*text, source);
    ASSERT_THAT(replay, Succeeds());
    EXPECT_EQ(replay->outcome, EvidenceReplay::Outcome::kRepeated) << replay->difference;
    StoredEvidence stored;
    stored.id = record->id;
    stored.text = record->text;
    stored.hash = std::string(32, 'x');
    const auto made = MakeBundle({stored, codec, source, *lab.signer, JsonValue()});
    ASSERT_THAT(made, Succeeds());
    const auto bundle = ReadBundle(WriteJson(*made), std::nullopt);
    ASSERT_THAT(bundle, Succeeds());
    EXPECT_EQ(ReplayEvidence(bundle->text, bundle->blobs)->outcome,
              EvidenceReplay::Outcome::kRepeated);
  }
}

TEST(NumberKeyTest, SealedCallsAreRepeatedWithTheKeyOnly) {
  const auto key = NumberSecret::Parse(std::string(64, 'a'));
  TestCall call;
  EvidenceCodec codec(*key);
  const auto record = RecordOf(codec, EvidenceOf(call));
  std::map<std::string, std::string, std::less<>> blobs;
  for (const auto& blob : record->blobs) blobs[blob->sha256] = blob->bytes;
  const BlobSource source = [&](std::string_view sha256) -> Result<std::string> {
    return blobs.at(std::string(sha256));
  };
  EXPECT_THAT(ReplayEvidence(*EvidenceCodec().Read(record->text), source),
              FailsWith(Reason::kNotPermitted));
  const auto replay = ReplayEvidence(*codec.Read(record->text), source);
  ASSERT_THAT(replay, Succeeds());
  EXPECT_EQ(replay->outcome, EvidenceReplay::Outcome::kRepeated);
}

}  // namespace
}  // namespace callvet::test
