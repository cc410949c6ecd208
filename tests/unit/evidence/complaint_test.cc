// SPDX-License-Identifier: MIT
#include "evidence/complaint_match.h"

#include <algorithm>

#include "store_fixture.h"

namespace callvet::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

NumberSecret TestSecret() {
  return *NumberSecret::Parse(std::string(64, 'a'));
}

class ComplaintTest : public StoreTest {
 protected:
  ComplaintTest() { evidence_.trunk = "pstn-1"; }

  /// A call at that time, from that trunk.
  std::string AddCall(sys_seconds time, const std::string& trunk = "pstn-1") {
    evidence_.verdict.judged_at = time;
    evidence_.trunk = trunk;
    return Add(1).front();
  }
  Complaint Of(sys_seconds about, const std::string& caller = "+1 215 555 0100") const {
    Complaint complaint;
    complaint.callee = "+1 (215) 555-0101";
    complaint.caller = caller;
    complaint.about = about;
    complaint.category = ComplaintCategory::kFraud;
    complaint.text = "they said that they were my bank";
    complaint.filed_by = "test";
    complaint.received = kNow + hours(1);
    return complaint;
  }
  std::vector<ComplaintCall> Calls(const Complaint& complaint) {
    const auto calls = FindCallsOf({*lab_.store, codec_, nullptr}, complaint);
    EXPECT_THAT(calls, Succeeds());
    return calls.value_or(std::vector<ComplaintCall>());
  }
  /// Files it with the calls that are found; the id of its record.
  std::string File(const Complaint& complaint) {
    const auto record =
        codec_.Encode(complaint, Calls(complaint), nullptr, *NewEvidenceId(complaint.received));
    EXPECT_THAT(record, Succeeds());
    EXPECT_THAT(Append(*record), Succeeds());
    return record->id;
  }
  Result<void> Append(const EvidenceRecord& record) {
    return lab_.store->Append({std::make_shared<const EvidenceRecord>(record)}, Seen::kNever);
  }
  std::vector<ComplaintEntry> Listed(const ComplaintQuery& query = {}) {
    const auto page = lab_.store->FindComplaints(query);
    EXPECT_THAT(page, Succeeds());
    return page ? page->complaints : std::vector<ComplaintEntry>();
  }
  EvidenceReport Reported(ReportBy by, sys_seconds from, sys_seconds to) {
    const auto report = lab_.store->Report({by, from, to});
    EXPECT_THAT(report, Succeeds());
    return report.value_or(EvidenceReport());
  }
  EvidenceReport Reported(ReportBy by) {
    const auto hour = std::chrono::floor<hours>(kNow);
    return Reported(by, hour - hours(240), hour + hours(240));
  }
  /// The store as a program before complaints made it.
  void MakeOld() {
    Tamper(
        "DROP TABLE tally; DROP TABLE complaint; DELETE FROM setting WHERE name = "
        "'tallied_from'");
  }
};

TEST_F(ComplaintTest, ItFindsItsCallAndWhoConnectedIt) {
  const std::string id = AddCall(kNow);
  AddCall(kNow + hours(3));
  const std::string complaint = File(Of(kNow + minutes(10)));
  const auto listed = Listed();
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0].id, complaint);
  EXPECT_EQ(listed[0].candidates, 1);
  EXPECT_EQ(listed[0].nearest.id, id);
  EXPECT_EQ(listed[0].nearest.party, (ResponsibleParty{"818H", "", "pstn-1"}));
  EXPECT_EQ(listed[0].category, ComplaintCategory::kFraud);
  const auto record = lab_.store->Get(complaint);
  ASSERT_THAT(record, Succeeds());
  EXPECT_EQ(record->kind, EvidenceKind::kComplaint);
  EXPECT_EQ(record->keys.dest, "12155550101");
  EXPECT_THAT(Findings(), testing::IsEmpty());
}

TEST_F(ComplaintTest, SeveralCallsAreAllNamedTheNearestFirst) {
  const std::string far = AddCall(kNow - minutes(14));
  const std::string near = AddCall(kNow + minutes(2));
  const std::string middle = AddCall(kNow - minutes(5));
  AddCall(kNow + minutes(16));
  const auto calls = Calls(Of(kNow));
  ASSERT_EQ(calls.size(), 3U);
  EXPECT_EQ(calls[0].id, near);
  EXPECT_EQ(calls[1].id, middle);
  EXPECT_EQ(calls[2].id, far);
  File(Of(kNow));
  EXPECT_EQ(ComplaintStateName(Listed().at(0).candidates), "ambiguous");
}

TEST_F(ComplaintTest, TheCallerMayBeUnknownOrAPart) {
  AddCall(kNow);
  for (const char* caller : {"", "*0100", "+1215*", "*5550*", "1 215 5*", "*0100*", "+12155550100",
                             "tel:+1-215-555-0100"}) {
    EXPECT_EQ(Calls(Of(kNow, caller)).size(), 1U) << caller;
  }
  for (const char* caller : {"*0199", "+1216*", "*0100000*", "+12155550199", "215*", "anonymous"}) {
    EXPECT_EQ(Calls(Of(kNow, caller)).size(), 0U) << caller;
  }
  for (const char* part : {"*", "**", "*12", "12*34", "*abc", "+1215", "*12a4"}) {
    EXPECT_FALSE(IsNumberPart(part)) << part;
  }
}

TEST_F(ComplaintTest, WithKeyedNumbersTheKeyFinds) {
  codec_ = EvidenceCodec(TestSecret());
  Tamper("UPDATE setting SET value = '" + codec_.key()->name() + "'");  // a store of this key
  AddCall(kNow);
  for (const char* caller : {"", "*0100", "+12155550100"}) {
    EXPECT_EQ(Calls(Of(kNow, caller)).size(), 1U) << caller;
  }
  const auto record = lab_.store->Get(File(Of(kNow)));
  ASSERT_THAT(record, Succeeds());
  EXPECT_EQ(record->text.find("5550101"), std::string::npos);
  EXPECT_EQ(record->text.find("bank"), std::string::npos);
  const auto text = codec_.Read(record->text);
  ASSERT_THAT(text, Succeeds());
  EXPECT_EQ(*text->private_.Find("text")->AsString(), "they said that they were my bank");
  EXPECT_EQ(Calls(Of(kNow, "+12155550199")).size(), 0U);
  EXPECT_THAT(Findings(), testing::IsEmpty());
}

TEST_F(ComplaintTest, ACallIsFoundByWhereItWasRedirectedTo) {
  CallLeg first;
  first.from = "12155550100";
  first.to = "12155550101";
  CallLeg second;
  second.from = "12155550101";
  second.to = "12155550155";
  evidence_.verdict.path = {first, second};
  const std::string id = AddCall(kNow);
  Complaint complaint = Of(kNow);
  complaint.callee = "+12155550155";
  for (const char* caller : {"+12155550100", "*0100", ""}) {
    complaint.caller = caller;
    ASSERT_EQ(Calls(complaint).size(), 1U) << caller;
    EXPECT_EQ(Calls(complaint)[0].id, id);
  }
  complaint.callee = "+12155550156";
  EXPECT_TRUE(Calls(complaint).empty());
}

TEST_F(ComplaintTest, TheSameReferenceIsFiledOnce) {
  AddCall(kNow);
  Complaint complaint = Of(kNow);
  complaint.reference = "12321-2026-000017";
  const std::string first = File(complaint);
  File(complaint);
  const auto one = codec_.Encode(complaint, {}, nullptr, *NewEvidenceId(kNow));
  complaint.reference = "12321-2026-000018";
  const auto two = codec_.Encode(complaint, {}, nullptr, *NewEvidenceId(kNow));
  const auto three = codec_.Encode(complaint, {}, nullptr, *NewEvidenceId(kNow));
  ASSERT_THAT(lab_.store->Append({std::make_shared<const EvidenceRecord>(*one),
                                  std::make_shared<const EvidenceRecord>(*two),
                                  std::make_shared<const EvidenceRecord>(*three)},
                                 Seen::kNever),
              Succeeds());
  EXPECT_EQ(Listed().size(), 2U);
  ComplaintQuery query;
  query.reference = "12321-2026-000017";
  ASSERT_EQ(Listed(query).size(), 1U);
  EXPECT_EQ(Listed(query)[0].id, first);
  EXPECT_EQ(Reported(ReportBy::kTrunk).rows.at(0).complaints, 1);
  EXPECT_EQ(Reported(ReportBy::kTrunk).unmatched, 1);
  EXPECT_THAT(Findings(), testing::IsEmpty());
}

TEST_F(ComplaintTest, ItIsMatchedLaterAndOnce) {
  const std::string complaint = File(Of(kNow));
  ComplaintQuery unmatched;
  unmatched.state = ComplaintQuery::State::kUnmatched;
  ASSERT_EQ(Listed(unmatched).size(), 1U);
  EXPECT_EQ(Reported(ReportBy::kSigner).unmatched, 1);
  const std::string call = AddCall(kNow - minutes(1));
  for (const std::string& trunk : {std::string("pstn-1"), std::string("pstn-9")}) {
    const FoundCalls found{complaint, {{call, kNow, {"818H", "", trunk}}}, "test", kNow};
    const auto record = codec_.Encode(found, *NewEvidenceId(kNow));
    ASSERT_THAT(record, Succeeds());
    ASSERT_THAT(Append(*record), Succeeds());
  }
  EXPECT_TRUE(Listed(unmatched).empty());
  const ComplaintEntry entry = Listed().at(0);
  EXPECT_EQ(entry.nearest.id, call);
  EXPECT_EQ(entry.nearest.party.trunk, "pstn-1");
  EXPECT_NE(entry.matched_by, complaint);
  EXPECT_EQ(Reported(ReportBy::kSigner).unmatched, 0);
  EXPECT_EQ(Reported(ReportBy::kSigner).rows.at(0).complaints, 1);
  EXPECT_THAT(Findings(), testing::IsEmpty());
}

TEST_F(ComplaintTest, PagesFollowEachOther) {
  for (int i = 0; i < 7; ++i) File(Of(kNow));
  ComplaintQuery query;
  query.limit = 3;
  std::vector<int64_t> seen;
  for (int pages = 0; pages < 5; ++pages) {
    const auto page = lab_.store->FindComplaints(query);
    ASSERT_THAT(page, Succeeds());
    for (const ComplaintEntry& entry : page->complaints) seen.push_back(entry.seq);
    if (!page->next) break;
    query.before = *page->next;
  }
  EXPECT_EQ(seen.size(), 7U);
  EXPECT_TRUE(std::is_sorted(seen.rbegin(), seen.rend()));
}

TEST_F(ComplaintTest, ReportsAddUpForEachParty) {
  evidence_.disposition = Disposition();  // rejects
  evidence_.disposition->holder = "bank";
  AddCall(kNow, "pstn-1");
  AddCall(kNow, "pstn-1");
  evidence_.disposition->action = Action::kPass;
  evidence_.disposition->holder = "";
  AddCall(kNow, "pstn-2");
  evidence_.disposition.reset();
  AddCall(kNow + hours(1), "pstn-2");
  File(Of(kNow, ""));
  Complaint other = Of(kNow);
  other.callee = "+12155550177";
  File(other);
  for (const ReportBy by : {ReportBy::kSigner, ReportBy::kHolder, ReportBy::kTrunk}) {
    const EvidenceReport report = Reported(by);
    int64_t calls = 0;
    int64_t rejected = 0;
    int64_t complaints = 0;
    for (const ReportRow& row : report.rows) {
      calls += row.calls;
      rejected += row.rejected;
      complaints += row.complaints;
      int64_t by_reason = 0;
      for (const auto& [reason, count] : row.reasons) by_reason += count;
      EXPECT_EQ(by_reason, row.calls);
    }
    EXPECT_EQ(calls, 4);
    EXPECT_EQ(rejected, 2);
    EXPECT_EQ(complaints, 1);
    EXPECT_EQ(report.unmatched, 1);
  }
  const EvidenceReport holders = Reported(ReportBy::kHolder);
  ASSERT_EQ(holders.rows.size(), 2U);
  EXPECT_EQ(holders.rows[0].complaints + holders.rows[1].complaints, 1);
  const auto hour = std::chrono::floor<hours>(kNow);
  EXPECT_EQ(Reported(ReportBy::kSigner, hour + hours(1), hour + hours(2)).rows.at(0).calls, 1);
  EXPECT_TRUE(Reported(ReportBy::kSigner, hour + hours(2), hour + hours(3)).rows.empty());
}

TEST_F(ComplaintTest, AnOlderProgramsStoreIsReadAndGoesOn) {
  evidence_.disposition = Disposition();
  AddCall(kNow, "pstn-1");
  AddCall(kNow + hours(1), "pstn-2");
  const EvidenceReport signers = Reported(ReportBy::kSigner);
  const EvidenceReport trunks = Reported(ReportBy::kTrunk);
  MakeOld();
  EXPECT_THAT(Findings(), testing::IsEmpty());  // as audit reads it: nothing is made
  EXPECT_EQ(Reported(ReportBy::kSigner).rows, signers.rows);
  EXPECT_TRUE(Listed().empty());
  lab_.store = lab_.Open();
  EXPECT_EQ(Reported(ReportBy::kSigner).rows, signers.rows);
  EXPECT_EQ(Reported(ReportBy::kTrunk).rows, trunks.rows);
  AddCall(kNow + minutes(1), "pstn-2");
  File(Of(kNow));
  EXPECT_EQ(Reported(ReportBy::kSigner).rows.at(0).calls, 3);
  EXPECT_EQ(Reported(ReportBy::kSigner).rows.at(0).rejected, 3);
  EXPECT_EQ(Reported(ReportBy::kSigner).rows.at(0).complaints, 1);
  EXPECT_THAT(Findings(), testing::IsEmpty());
}

TEST_F(ComplaintTest, RetentionTakesThemWithTheirDay) {
  AddCall(kNow);
  File(Of(kNow));
  lab_.clock->now += days(2);
  evidence_.verdict.judged_at = lab_.clock->now;
  auto late = codec_.Encode(evidence_, *NewEvidenceId(lab_.clock->now));
  ASSERT_THAT(Append(*late), Succeeds());
  ASSERT_THAT(lab_.store->Prune(std::chrono::floor<days>(lab_.clock->now)), Succeeds());
  EXPECT_TRUE(Listed().empty());
  const EvidenceReport report = Reported(ReportBy::kSigner);
  ASSERT_EQ(report.rows.size(), 1U);
  EXPECT_EQ(report.rows[0].calls, 1);
  EXPECT_EQ(report.rows[0].complaints, 0);
  EXPECT_THAT(Findings(), testing::IsEmpty());
}

// Each of these would change a report, and none of them the chain of records.
class ComplaintTamperTest : public ComplaintTest,
                            public testing::WithParamInterface<std::pair<const char*, Kind>> {};

TEST_P(ComplaintTamperTest, AuditComparesTheTablesWithTheRecords) {
  AddCall(kNow);
  File(Of(kNow));
  ASSERT_THAT(Findings(), testing::IsEmpty());
  Tamper(GetParam().first);
  const auto findings = Findings();
  ASSERT_FALSE(findings.empty());
  EXPECT_EQ(findings[0].first, GetParam().second);
}

INSTANTIATE_TEST_SUITE_P(
    Tables, ComplaintTamperTest,
    testing::Values(
        std::pair("UPDATE complaint SET signer = 'somebody else'", Kind::kColumns),
        std::pair("UPDATE complaint SET candidates = 0, counts_at = about", Kind::kColumns),
        std::pair("UPDATE complaint SET category = 'other'", Kind::kColumns),
        std::pair("UPDATE complaint SET reference = 'none'", Kind::kColumns),
        std::pair("UPDATE complaint SET counts_at = 0", Kind::kStructure),
        std::pair("UPDATE complaint SET id = CAST(id AS TEXT)", Kind::kStructure),
        std::pair("DELETE FROM complaint", Kind::kColumns),
        std::pair("DROP TABLE complaint; DROP TABLE tally; DELETE FROM setting WHERE name = "
                  "'tallied_from'",
                  Kind::kColumns),
        std::pair("DROP TABLE complaint", Kind::kStructure),
        std::pair("UPDATE tally SET calls = calls - 1", Kind::kStructure),
        std::pair("UPDATE tally SET signer = 'somebody else'", Kind::kStructure),
        std::pair("UPDATE tally SET hour = hour + 1", Kind::kStructure),
        std::pair("DELETE FROM tally", Kind::kStructure),
        std::pair("INSERT INTO tally VALUES (1, 1, 'a', '', '', 'verified', '', 5)",
                  Kind::kStructure),
        std::pair("CREATE TRIGGER t AFTER INSERT ON complaint BEGIN DELETE FROM complaint; END",
                  Kind::kStructure)));

}  // namespace
}  // namespace callvet::test
