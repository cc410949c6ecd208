// SPDX-License-Identifier: MIT
// Reports and complaints over many records: how long they take, and what tallies cost a commit.
//
//   callvet_report_bench [RECORDS [DAYS [FOLDER]]]     (2,000,000 over 30 days)
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "api/complaints.h"
#include "api/evidence_report.h"
#include "evidence/complaint_match.h"
#include "evidence/sqlite.h"
#include "evidence_fixture.h"

namespace callvet::test {
namespace {

namespace fs = std::filesystem;
using Steady = std::chrono::steady_clock;

constexpr uint64_t kCarriers = 200;
constexpr uint64_t kTrunks = 50;
constexpr uint64_t kComplaints = 10'000;

template <class T>
T OrStop(Result<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "%s\n", result.error().detail.c_str());
  std::exit(2);
}

void Tell(const char* what, Steady::time_point start) {
  const auto took = std::chrono::duration<double, std::milli>(Steady::now() - start).count();
  std::printf("%s: %.1f ms\n", what, took);
  std::fflush(stdout);
}

struct Run {
  uint64_t records;
  uint64_t days;
  fs::path folder;
  std::shared_ptr<MovableClock> clock = std::make_shared<MovableClock>();
  std::shared_ptr<const EvidenceSigner> signer = NewSigner();
  [[nodiscard]] fs::path path() const { return folder / "calls.db"; }
  [[nodiscard]] std::shared_ptr<EvidenceStore> Open() const {
    SqliteStoreOptions options;
    options.path = path();
    options.signer = signer;
    options.clock = clock;
    return OrStop(OpenSqliteStore(options));
  }
  [[nodiscard]] sys_seconds TimeOf(uint64_t n) const {
    return kNow + std::chrono::seconds(n * days * 86'400 / records);
  }
};

std::string CallerOf(uint64_t n) {
  return std::to_string(12'000'000'000 + n * 7919 % 1'000'000'000);
}

// Flags of a few sources, each told of now and then.
std::shared_ptr<const EvidenceRecord> FlagOf(const Run& run, uint64_t n) {
  FlaggedPool pool;
  pool.source = {SourceKind::kTrunk, "trunk-" + std::to_string(n / 1000 % kTrunks)};
  pool.rule = "dialler";
  pool.since = run.TimeOf(n);
  pool.until = pool.since + std::chrono::hours(1);
  pool.sample.resize(32, {run.TimeOf(n), CallerOf(n), "S1", std::string(36, 'a')});
  return std::make_shared<const EvidenceRecord>(OrStop(EvidenceCodec().Encode(
      PoolChange(pool), run.TimeOf(n), OrStop(NewEvidenceId(run.TimeOf(n))))));
}

// One judged call, with other parties each time.
void Fill(const Run& run, EvidenceStore& store) {
  TestCall call;
  CallEvidence evidence = EvidenceOf(call);
  EvidenceCodec codec;
  double appending = 0;
  for (uint64_t n = 0; n < run.records;) {
    std::vector<std::shared_ptr<const EvidenceRecord>> batch;
    for (int i = 0; i < 1000 && n < run.records; ++i, ++n) {
      evidence.call.orig = {"+" + CallerOf(n)};
      evidence.trunk = "trunk-" + std::to_string(n % kTrunks);
      evidence.verdict.judged_at = run.TimeOf(n);
      auto& signer = evidence.verdict.passports.front().signer;
      SignerInfo other = *signer;
      other.spcs = {"S" + std::to_string(n % kCarriers)};
      signer = std::make_shared<const SignerInfo>(std::move(other));
      batch.push_back(std::make_shared<const EvidenceRecord>(
          OrStop(codec.Encode(evidence, OrStop(NewEvidenceId(run.TimeOf(n)))))));
    }
    batch.push_back(FlagOf(run, n - 1));
    run.clock->now = batch.back()->time;
    const auto start = Steady::now();
    (void)store.Append(batch, EvidenceStore::Seen::kNever);
    appending += std::chrono::duration<double>(Steady::now() - start).count();
  }
  std::printf("%llu records: %.1f us each in the store's commit\n",
              static_cast<unsigned long long>(run.records),
              appending * 1e6 / static_cast<double>(run.records));
}

Complaint ComplaintOf(const Run& run, uint64_t n) {
  Complaint complaint;
  complaint.callee = "+" + std::string(kDest);
  complaint.caller = "+" + CallerOf(n);
  complaint.about = run.TimeOf(n) + std::chrono::minutes(3);
  complaint.reference = std::to_string(n);
  complaint.received = run.clock->now;
  return complaint;
}

void Report(EvidenceStore& store, const Run& run, const char* what) {
  for (const ReportBy by : {ReportBy::kSigner, ReportBy::kTrunk}) {
    const auto start = Steady::now();
    const ReportQuery query{by, std::chrono::floor<std::chrono::hours>(kNow),
                            std::chrono::ceil<std::chrono::hours>(run.TimeOf(run.records))};
    const EvidenceReport report = OrStop(store.Report(query));
    int64_t calls = 0;
    for (const ReportRow& row : report.rows) calls += row.calls;
    Tell((std::string(what) + ", by " + std::string(ReportByName(by)) + ", " +
          std::to_string(report.rows.size()) + " parties, " + std::to_string(calls) + " calls")
             .c_str(),
         start);
  }
}

void Pools(const OpenedEvidence& opened, const Run& run) {
  const auto start = Steady::now();
  const ReportQuery query{ReportBy::kTrunk, std::chrono::floor<std::chrono::hours>(kNow),
                          std::chrono::ceil<std::chrono::hours>(run.TimeOf(run.records))};
  const auto pools = OrStop(ReportedPools(opened, query, nullptr, run.clock->now));
  Tell(("flagged sources of the same time: " + std::to_string(pools.size())).c_str(), start);
}

int Main(uint64_t records, uint64_t days, fs::path folder) {
  std::string made = (fs::temp_directory_path() / "callvet-bench-XXXXXX").string();
  if (folder.empty()) folder = ::mkdtemp(made.data());
  const Run run{records, days, folder};
  auto store = run.Open();
  Fill(run, *store);
  Report(*store, run, "report");
  const OpenedEvidence opened{store, run.signer, std::nullopt};
  Pools(opened, run);
  auto start = Steady::now();
  for (uint64_t i = 0; i < kComplaints; ++i) {
    const uint64_t n = (i * 104'729 + 1) % records;
    const auto filed =
        FileComplaint({opened, nullptr, "bench", run.clock->now}, ComplaintOf(run, n));
    if (OrStop(filed).entry.candidates == 0)
      std::printf("no call of %llu\n", static_cast<unsigned long long>(n));
    if (i + 1 == 1000 || i + 1 == kComplaints) Tell("complaints filed and matched, all", start);
  }
  Report(*store, run, "report with 10,000 complaints");
  start = Steady::now();
  Complaint unknown = ComplaintOf(run, records / 2);
  unknown.caller.clear();
  const EvidenceCodec codec;
  const auto calls = OrStop(FindCallsOf({*store, codec, nullptr}, unknown));
  Tell(("calls of an unknown caller: " + std::to_string(calls.size())).c_str(), start);
  start = Steady::now();
  unknown.callee = "+12155550177";
  (void)OrStop(FindCallsOf({*store, codec, nullptr}, unknown));
  Tell("nothing found, all calls of the time looked through", start);
  auto database = OrStop(SqliteDatabase::Open(run.path(), SqliteDatabase::Mode::kExisting));
  (void)database.Execute(
      "DROP TABLE tally; DROP TABLE complaint; DELETE FROM setting WHERE name = 'tallied_from'");
  start = Steady::now();
  store = run.Open();
  Tell("an older store opened", start);
  Report(*store, run, "report on an older store's records");
  fs::remove_all(folder);
  return 0;
}

}  // namespace
}  // namespace callvet::test

int main(int argc, char** argv) {
  const auto number = [&](int index, uint64_t fallback) {
    return argc > index ? std::strtoull(argv[index], nullptr, 10) : fallback;
  };
  return callvet::test::Main(number(1, 2'000'000), number(2, 30), argc > 3 ? argv[3] : "");
}
