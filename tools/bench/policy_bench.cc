// SPDX-License-Identifier: MIT
// The number registry with ten million ranges: time to load, memory and lookups; and a decision.
#include <malloc.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "callvet/policy.h"
#include "policy/number_registry.h"

namespace callvet {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kFirstNumber = 8610000000000;
constexpr uint64_t kStride = 20;  // a range of ten numbers, then ten that nobody holds

enum class Form { kCsv, kJsonLines };

size_t BytesInUse() {
  const struct mallinfo2 info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

// A file of generated ranges, of 50,000 holders with 100 ranges or more each.
class GeneratedFile {
 public:
  GeneratedFile(size_t ranges, Form form) {
    std::string name = (fs::temp_directory_path() / "callvet-bench-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    folder_ = name;
    std::ofstream out(file(), std::ios::binary);
    if (form == Form::kCsv) out << "first,last,holder,category,uses,hours,valid_from,valid_to\n";
    for (size_t i = 0; i < ranges; ++i) {
      const uint64_t first = kFirstNumber + i * kStride;
      const uint64_t last = first + 9;
      const size_t holder = i * 7919 % 50'000;
      if (form == Form::kCsv) {
        out << '+' << first << ",+" << last << ",H" << holder << ",standard,voice,,2024-01-01,\n";
      } else {
        out << R"({"first":"+)" << first << R"(","last":"+)" << last << R"(","holder":"H)" << holder
            << R"(","category":"standard","uses":"voice","valid_from":"2024-01-01"})" << '\n';
      }
    }
  }
  GeneratedFile(const GeneratedFile&) = delete;
  GeneratedFile& operator=(const GeneratedFile&) = delete;
  ~GeneratedFile() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  [[nodiscard]] fs::path file() const { return folder_ / "numbers"; }

 private:
  fs::path folder_;
};

NumberRegistry ReadOrAbort(const fs::path& file) {
  std::vector<PolicyProblem> problems;
  auto registry = NumberRegistry::Read({file}, nullptr, problems);
  if (!registry) {
    std::fprintf(stderr, "%s\n", PolicyProblemText(problems.at(0)).c_str());
    std::abort();
  }
  return std::move(*registry);
}

void LoadRegistry(benchmark::State& state, Form form) {
  const auto ranges = static_cast<size_t>(state.range(0));
  const GeneratedFile file(ranges, form);
  const size_t before = BytesInUse();
  for (auto _ : state) {
    const NumberRegistry registry = ReadOrAbort(file.file());
    state.PauseTiming();
    ::malloc_trim(0);
    const auto count = static_cast<double>(registry.size());
    state.counters["bytes_per_range"] = static_cast<double>(BytesInUse() - before) / count;
    state.counters["bytes_counted"] = static_cast<double>(registry.bytes()) / count;
    state.ResumeTiming();
  }
  state.counters["file_MB"] = static_cast<double>(fs::file_size(file.file())) / 1e6;
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

BENCHMARK_CAPTURE(LoadRegistry, csv, Form::kCsv)
    ->Arg(10'000'000)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(LoadRegistry, json_lines, Form::kJsonLines)
    ->Arg(1'000'000)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

std::optional<NumberRegistry> current;
size_t current_ranges = 0;

void SetUp(const benchmark::State& state) {
  const auto ranges = static_cast<size_t>(state.range(0));
  if (current_ranges == ranges) return;
  current.reset();
  const GeneratedFile file(ranges, Form::kCsv);
  current = ReadOrAbort(file.file());
  current_ranges = ranges;
}

// Numbers in an order that no cache of the processor foresees; half of them nobody holds.
void Lookup(benchmark::State& state) {
  const uint64_t numbers = current_ranges * kStride;
  std::vector<TableNumber> keys;
  uint64_t at = 1 + static_cast<uint64_t>(state.thread_index());
  for (int i = 0; i < 1 << 20; ++i) {
    at = at * 2862933555777941757U + 3037000493U;
    keys.push_back(*TableNumber::Make(std::to_string(kFirstNumber + (at >> 20) % numbers),
                                      NumberSpace::kE164));
  }
  size_t i = 0;
  size_t found = 0;
  for (auto _ : state) {
    const auto rights = current->Find(keys[i++ & (keys.size() - 1)]);
    if (rights) ++found;
    benchmark::DoNotOptimize(found);
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["found_share"] =
      benchmark::Counter(static_cast<double>(found) / static_cast<double>(state.iterations()),
                         benchmark::Counter::kAvgThreads);
}

BENCHMARK(Lookup)
    ->Setup(SetUp)
    ->ArgName("ranges")
    ->Arg(10'000)
    ->Arg(10'000'000)
    ->Threads(1)
    ->Threads(2)
    ->UseRealTime();

// All rules for one verified call under the plan's example, tables of a few rows.
void DecideOneCall(benchmark::State& state) {
  const LoadedPolicy loaded = LoadPolicy(CALLVET_SOURCE_DIR "/tools/policy/intercept.json");
  if (loaded.policy == nullptr) std::abort();
  Verdict verdict;
  verdict.reason = Reason::kNone;
  verdict.judged_at = std::chrono::sys_seconds(std::chrono::seconds(1768478400));
  PassportVerdict passport;
  passport.reason = Reason::kNone;
  passport.attest = "A";
  SignerInfo signer;
  signer.spcs = {"4321"};
  passport.signer = std::make_shared<const SignerInfo>(std::move(signer));
  verdict.passports.push_back(passport);
  verdict.decided_by = 0;
  PolicyCall call;
  call.orig = {"+861058880100"};
  call.dest = {"+8613800138001"};
  if (Decide(*loaded.policy, call, verdict).action != Action::kPass) std::abort();
  for (auto _ : state) {
    const Disposition disposition = Decide(*loaded.policy, call, verdict);
    benchmark::DoNotOptimize(disposition.action);
  }
}
BENCHMARK(DecideOneCall);

}  // namespace
}  // namespace callvet

BENCHMARK_MAIN();
