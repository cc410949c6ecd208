// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "evidence/sqlite.h"
#include "evidence_fixture.h"

namespace callvet::test {

using Kind = AuditFinding::Kind;
using Seen = EvidenceStore::Seen;

/// A store in a file, and whoever can write that file.
class StoreTest : public testing::Test {
 protected:
  StoreTest() : evidence_(EvidenceOf(call_)) {}

  std::shared_ptr<const EvidenceRecord> Record() { return RecordOf(codec_, evidence_); }
  std::vector<std::string> Add(size_t count) {
    std::vector<std::shared_ptr<const EvidenceRecord>> records;
    std::vector<std::string> ids;
    for (size_t i = 0; i < count; ++i) {
      records.push_back(Record());
      ids.push_back(records.back()->id);
    }
    EXPECT_THAT(lab_.store->Append(records, Seen::kNever), Succeeds());
    return ids;
  }
  // What somebody does who can write the file.
  void Tamper(const std::string& sql) {
    auto database = SqliteDatabase::Open(lab_.path(), SqliteDatabase::Mode::kExisting);
    ASSERT_THAT(database, Succeeds());
    ASSERT_THAT(database->Execute(sql), Succeeds());
  }
  std::vector<std::pair<Kind, int64_t>> Findings(const AuditOptions& options = {}) {
    const auto report = AuditStore(*lab_.store, options);
    EXPECT_THAT(report, Succeeds());
    std::vector<std::pair<Kind, int64_t>> findings;
    if (!report) return findings;
    for (const AuditFinding& finding : report->findings) {
      findings.emplace_back(finding.kind, finding.first);
    }
    return findings;
  }
  static std::string Table() {
    return "record_" + std::to_string(std::chrono::floor<days>(kNow).time_since_epoch().count());
  }

  StoreLab lab_;
  TestCall call_;
  EvidenceCodec codec_;
  CallEvidence evidence_;
};

}  // namespace callvet::test
