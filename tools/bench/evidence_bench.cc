// SPDX-License-Identifier: MIT
// Evidence in bulk: what keeping it costs a verifier, and how fast one call of many is found.
//
//   callvet_evidence_bench throughput [SECONDS [THREADS [BURST_RATE [ROUNDS]]]]
//   callvet_evidence_bench encode [MILLISECONDS]
//   callvet_evidence_bench find [RECORDS [DAYS [FOLDER]]]
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <random>
#include <thread>

#include "api/evidence_assembly.h"
#include "api/evidence_replay.h"
#include "call_fixture.h"
#include "callvet/policy.h"
#include "evidence/evidence_bundle.h"
#include "evidence/sqlite_store.h"
#include "evidence/writer.h"
#include "pki/fast_es256.h"

namespace callvet::test {
namespace {

namespace fs = std::filesystem;
using Time = std::chrono::steady_clock;

double SecondsSince(Time::time_point start) {
  return std::chrono::duration<double>(Time::now() - start).count();
}

// Processor time, which does not depend on what else the machine does.
double CpuSeconds(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

template <class T>
T OrEnd(Result<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "%s\n", result.error().detail.c_str());
  std::exit(2);
}

fs::path NewFolder() {
  std::string name = (fs::temp_directory_path() / "callvet-bench-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) std::exit(2);
  return name;
}

class MovableClock final : public Clock {
 public:
  [[nodiscard]] sys_seconds Now() const override { return now; }
  std::atomic<sys_seconds> now{kNow};
};

std::shared_ptr<const EvidenceSigner> NewKey() {
  return OrEnd(MakeEvidenceSigner(OrEnd(PrivateKey::Generate(KeyKind::kEcP256))));
}

std::shared_ptr<EvidenceStore> Open(const fs::path& path, std::shared_ptr<const Clock> clock,
                                    std::shared_ptr<const EvidenceSigner> signer) {
  SqliteStoreOptions options;
  options.path = path;
  options.signer = std::move(signer);
  options.clock = std::move(clock);
  return OrEnd(OpenSqliteStore(options));
}

struct Rig {
  TestCall call;
  std::vector<CallRequest> calls;
  std::shared_ptr<const VerifierOptions> options;
  std::unique_ptr<Verifier> verifier;
  std::shared_ptr<const Policy> policy;

  Rig() {
    LoadedPolicy loaded = LoadPolicy(CALLVET_SOURCE_DIR "/tools/policy/intercept.json");
    if (loaded.policy == nullptr) std::exit(2);
    policy = std::move(loaded.policy);
    for (int i = 0; i < 64; ++i) {
      CallRequest request = call.request;
      request.identities = {call.Identity()};
      calls.push_back(std::move(request));
    }
    call.source->bundle = std::make_shared<const CertificateBundle>(call.bundle);
    options = std::make_shared<const VerifierOptions>(call.options);
    Es256EngineOptions engine;
    verifier = std::make_unique<Verifier>(call.options, call.store, call.source,
                                          std::make_shared<FixedClock>(call.now),
                                          OrEnd(MakeEs256Engine(engine)));
  }
};

struct Measured {
  double rate = 0;         // verdicts per second
  double verdict_cpu = 0;  // microseconds of the judging threads, for each
  double at_once_cpu = 0;  // of the whole process while calls are judged
  double all_cpu = 0;      // and until all is in the store
};

constexpr std::string_view kTrunk = "carrier-7";

Disposition DecisionOn(const Rig& rig, const CallRequest& request, const Verdict& verdict) {
  PolicyCallView call;
  call.orig = request.orig;
  call.dest = request.dest;
  call.trunk = kTrunk;
  call.identities = request.identities;
  return Decide(*rig.policy, call, verdict);
}

// Verdicts with decisions per second on `threads` threads; with `writer` each leaves evidence.
Measured Rate(const Rig& rig, EvidenceWriter* writer, int threads, double seconds) {
  std::atomic<uint64_t> verdicts{0};
  std::vector<std::thread> running;
  std::atomic<int64_t> cpu_nanoseconds{0};
  const double process_before = CpuSeconds(CLOCK_PROCESS_CPUTIME_ID);
  const auto start = Time::now();
  for (int t = 0; t < threads; ++t) {
    running.emplace_back([&] {
      uint64_t own = 0;
      // As a thread of a service, which reads one call after another into the same place.
      CallRequest call = rig.calls.front();
      VerificationMaterial material;
      const std::string policy(64, 'a');
      for (size_t i = 0; (own & 63U) != 0 || SecondsSince(start) < seconds; i = (i + 1) % 64) {
        call.identities.front() = rig.calls[i].identities.front();
        const Verdict verdict = writer == nullptr
                                    ? rig.verifier->Verify(call, Deadline())
                                    : rig.verifier->Verify(call, Deadline(), material);
        const Disposition decision = DecisionOn(rig, call, verdict);
        if (decision.action != Action::kPass) std::exit(3);
        if (writer != nullptr) {
          (void)writer->Submit({call, "3848276298220188511@gw7.example.org", kTrunk, rig.options,
                                material, verdict, &decision, policy, ""});
        }
        ++own;
      }
      verdicts += own;
      cpu_nanoseconds += static_cast<int64_t>(CpuSeconds(CLOCK_THREAD_CPUTIME_ID) * 1e9);
    });
  }
  for (std::thread& thread : running) thread.join();
  const double rate = static_cast<double>(verdicts) / SecondsSince(start);
  const double at_once = CpuSeconds(CLOCK_PROCESS_CPUTIME_ID) - process_before;
  // What waits in spill files too: its cost is of this round.
  const auto waits = [writer] {
    const EvidenceStatistics statistics = writer->Statistics();
    return statistics.queued > 0 || statistics.spill_bytes > 0;
  };
  while (writer != nullptr && waits()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  const double process = CpuSeconds(CLOCK_PROCESS_CPUTIME_ID) - process_before;
  const auto count = static_cast<double>(verdicts);
  return {rate, static_cast<double>(cpu_nanoseconds) / 1e3 / count, at_once * 1e6 / count,
          process * 1e6 / count};
}

int Throughput(double seconds, int threads, uint64_t burst_rate, int rounds) {
  const fs::path folder = NewFolder();
  const Rig rig;
  auto store = Open(folder / "calls.db", std::make_shared<SystemClock>(), NewKey());
  EvidenceWriterOptions options;
  options.spill_directory = (folder / "spill").string();
  options.burst_rate = burst_rate;
  auto writer = OrEnd(EvidenceWriter::Make(store, EvidenceCodec(), options));
  std::thread run([&] { writer->Run(); });
  (void)Rate(rig, nullptr, threads, 0.5);
  (void)Rate(rig, writer.get(), threads, 0.5);  // what waits has its memory from here on
  std::vector<double> ratios;
  for (int round = 0; round < rounds; ++round) {
    const Measured off = Rate(rig, nullptr, threads, seconds);
    const Measured on = Rate(rig, writer.get(), threads, seconds);
    ratios.push_back(on.rate / off.rate);
    std::printf(
        "off %8.0f/s  on %8.0f/s  ratio %.3f | processor time per verdict, off %.1f us, on %.1f us "
        "in the judging threads (ratio %.3f), %.1f us with the writer, %.1f us until all is "
        "stored\n",
        off.rate, on.rate, on.rate / off.rate, off.verdict_cpu, on.verdict_cpu,
        off.verdict_cpu / on.verdict_cpu, on.at_once_cpu, on.all_cpu);
  }
  writer->Stop();
  run.join();
  const EvidenceStatistics statistics = writer->Statistics();
  std::sort(ratios.begin(), ratios.end());
  const auto quarter = [&](size_t n) { return ratios[n * (ratios.size() - 1) / 4]; };
  std::printf(
      "%d threads: median ratio %.3f (quartiles %.3f, %.3f); stored %llu, spilled %llu, refused "
      "%llu\n",
      threads, quarter(2), quarter(1), quarter(3),
      static_cast<unsigned long long>(statistics.stored),
      static_cast<unsigned long long>(statistics.spilled),
      static_cast<unsigned long long>(statistics.refused));
  fs::remove_all(folder);
  return 0;
}

// What making records costs where the call is judged.
int Encode(double seconds) {
  const Rig rig;
  EvidenceCodec codec;
  for (int round = 0; round < 5; ++round) {
    double cpu[2] = {};
    for (const bool encodes : {false, true}) {
      const double before = CpuSeconds(CLOCK_THREAD_CPUTIME_ID);
      const auto start = Time::now();
      uint64_t own = 0;
      for (size_t i = 0; (own & 63U) != 0 || SecondsSince(start) < seconds; i = (i + 1) % 64) {
        const CallRequest& call = rig.calls[i];
        if (!encodes) {
          if (!rig.verifier->Verify(call, Deadline()).passed()) std::exit(3);
        } else {
          CallEvidence evidence;
          evidence.options = rig.options;
          evidence.verdict = rig.verifier->Verify(call, Deadline(), evidence.material);
          evidence.call = call;
          (void)OrEnd(codec.Encode(evidence, "01890a5d-ac96-774b-bcce-b302099a8057"));
        }
        ++own;
      }
      cpu[encodes ? 1 : 0] =
          (CpuSeconds(CLOCK_THREAD_CPUTIME_ID) - before) * 1e6 / static_cast<double>(own);
    }
    std::printf("verdict %.2f us, with its record %.2f us\n", cpu[0], cpu[1]);
  }
  return 0;
}

std::string Caller(uint64_t n) {
  return std::to_string(12'000'000'000 + n * 7919 % 1'000'000'000);
}

// Each record is a call of its own, signed and judged.
class Generator {
 public:
  explicit Generator(sys_seconds now) : now_(now) {
    call_.source->bundle = std::make_shared<const CertificateBundle>(call_.bundle);
    options_ = std::make_shared<const VerifierOptions>(call_.options);
    clock_ = std::make_shared<MovableClock>();
    verifier_ = std::make_unique<Verifier>(call_.options, call_.store, call_.source, clock_,
                                           OrEnd(MakeEs256Engine(Es256EngineOptions())));
  }
  std::shared_ptr<const EvidenceRecord> Make(uint64_t n, sys_seconds at) {
    const std::string caller = Caller(n);
    clock_->now = at;
    std::string tail = std::to_string(1'000'000'000'000 + n).substr(1);
    call_.payload = Payload({{"orig", R"({"tn":")" + caller + "\"}"},
                             {"origid", "\"123e4567-e89b-42d3-a456-" + tail + "\""}},
                            at);
    CallEvidence evidence;
    evidence.options = options_;
    evidence.call = call_.request;
    evidence.call.orig = {"+" + caller};
    evidence.call.identities = {call_.Identity()};
    evidence.call_id = std::to_string(n) + "@gw" + std::to_string(n % 97) + ".example.org";
    evidence.trunk = "trunk-" + std::to_string(n % 50);
    evidence.verdict = verifier_->Verify(evidence.call, Deadline(), evidence.material);
    if (!evidence.verdict.passed()) std::exit(3);
    return std::make_shared<const EvidenceRecord>(
        OrEnd(codec_.Encode(evidence, OrEnd(NewEvidenceId(at)))));
  }

 private:
  sys_seconds now_;
  TestCall call_;
  std::shared_ptr<const VerifierOptions> options_;
  std::shared_ptr<MovableClock> clock_;
  std::unique_ptr<Verifier> verifier_;
  EvidenceCodec codec_;
};

void Percentiles(const char* what, std::vector<double> milliseconds) {
  std::sort(milliseconds.begin(), milliseconds.end());
  std::printf("%s: median %.2f ms, 99 %% %.2f ms, most %.2f ms (%zu)\n", what,
              milliseconds[milliseconds.size() / 2], milliseconds[milliseconds.size() * 99 / 100],
              milliseconds.back(), milliseconds.size());
}

int Find(uint64_t count, uint64_t days, fs::path folder) {
  if (folder.empty()) folder = NewFolder();
  const fs::path path = folder / "calls.db";
  const auto clock = std::make_shared<MovableClock>();
  const auto signer = NewKey();
  auto store = Open(path, clock, signer);
  Generator generator(kNow);
  const auto start = Time::now();
  const auto time_of = [&](uint64_t n) {
    return kNow + std::chrono::seconds(n * days * 86'400 / count);
  };
  for (uint64_t n = 0; n < count;) {
    std::vector<std::shared_ptr<const EvidenceRecord>> batch;
    for (int i = 0; i < 1000 && n < count; ++i, ++n) batch.push_back(generator.Make(n, time_of(n)));
    clock->now = batch.back()->time;
    if (auto ok = store->Append(batch, EvidenceStore::Seen::kNever); !ok) {
      std::fprintf(stderr, "%s\n", ok.error().detail.c_str());
      return 2;
    }
    if (n % 500'000 == 0) {
      std::printf("%llu records, %.0f/s\n", static_cast<unsigned long long>(n),
                  static_cast<double>(n) / SecondsSince(start));
      std::fflush(stdout);
    }
  }
  uint64_t bytes = 0;
  for (const auto& entry : fs::directory_iterator(folder)) bytes += fs::file_size(entry);
  std::printf(
      "%llu records over %llu days: signed, judged, stored at %.0f/s; %.0f bytes per record\n",
      static_cast<unsigned long long>(count), static_cast<unsigned long long>(days),
      static_cast<double>(count) / SecondsSince(start),
      static_cast<double>(bytes) / static_cast<double>(count));
  store = Open(path, clock, signer);  // nothing is remembered
  std::mt19937_64 random(1);
  std::vector<double> found;
  std::vector<double> repeated;
  const BlobSource blobs = [&](std::string_view sha256) { return store->GetBlob(sha256); };
  for (int i = 0; i < 1000; ++i) {
    const uint64_t n = random() % count;
    EvidenceQuery query;
    query.keys.orig = Caller(n);
    query.from = time_of(n) - std::chrono::hours(1);
    query.to = time_of(n) + std::chrono::hours(1);
    auto begin = Time::now();
    const EvidencePage page = OrEnd(store->Find(query));
    found.push_back(SecondsSince(begin) * 1000);
    if (page.records.empty()) std::exit(4);
    const StoredEvidence& record = page.records.front();
    begin = Time::now();
    const EvidenceCodec codec;
    const JsonValue bundle = OrEnd(MakeBundle({record, codec, blobs, *signer, JsonValue()}));
    const EvidenceBundle read = OrEnd(ReadBundle(WriteJson(bundle), std::nullopt));
    const EvidenceReplay replay = OrEnd(ReplayEvidence(read.text, read.blobs));
    repeated.push_back(SecondsSince(begin) * 1000);
    if (replay.outcome != EvidenceReplay::Outcome::kRepeated) {
      std::fprintf(stderr, "record %s: %s\n", record.id.c_str(), replay.difference.c_str());
      return 1;
    }
  }
  Percentiles("find by caller and two hours", found);
  Percentiles("export and verify: the same verdict each time", repeated);
  return 0;
}

}  // namespace
}  // namespace callvet::test

int main(int argc, char** argv) {
  const auto number = [&](int index, long fallback) {
    return argc > index ? std::atol(argv[index]) : fallback;
  };
  const bool find = argc > 1 && std::strcmp(argv[1], "find") == 0;
  if (find) {
    return callvet::test::Find(static_cast<uint64_t>(number(2, 10'000'000)),
                               static_cast<uint64_t>(number(3, 30)), argc > 4 ? argv[4] : "");
  }
  if (argc > 1 && std::strcmp(argv[1], "encode") == 0)
    return callvet::test::Encode(static_cast<double>(number(2, 1000)) / 1e3);
  const double seconds = argc > 2 ? std::atof(argv[2]) : 1;
  const bool usual = argc == 1 || std::strcmp(argv[1], "throughput") == 0;
  if (!usual || seconds <= 0 || number(3, 1) <= 0) {
    std::fprintf(stderr, "callvet_evidence_bench: see the head of evidence_bench.cc\n");
    return 2;
  }
  return callvet::test::Throughput(seconds, static_cast<int>(number(3, 1)),
                                   static_cast<uint64_t>(number(4, 2'000)),
                                   static_cast<int>(std::max(1L, number(5, 15))));
}
