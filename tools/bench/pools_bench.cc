// SPDX-License-Identifier: MIT
// Counting calls by their sources: what it costs the way of a call through the service (POST
// /v1/calls without its HTTP), what beside a bare verdict, and what a million sources take.
//
//   callvet_pools_bench path [ROUNDS]
//   callvet_pools_bench cost [ROUNDS]
//   callvet_pools_bench memory [SOURCES [MEGABYTES]]
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "api/call_verification.h"
#include "api/pool_counter.h"
#include "api/verification_core.h"
#include "call_fixture.h"
#include "callvet/policy.h"
#include "callvet/rotation.h"
#include "pki/fast_es256.h"

namespace callvet::test {
namespace {

constexpr CallTime kStart{std::chrono::seconds(1'790'000'040)};

double ThreadCpu() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

template <class T>
T OrEnd(Result<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "%s\n", result.error().detail.c_str());
  std::exit(2);
}

// A verifier whose chain and key are warm, and a policy with rules for pools.
struct Rig {
  TestCall call;
  std::vector<CallRequest> calls;
  std::unique_ptr<Verifier> verifier;
  std::shared_ptr<const Policy> policy;

  Rig() {
    for (int i = 0; i < 64; ++i) {
      CallRequest request = call.request;
      request.identities = {call.Identity()};
      calls.push_back(std::move(request));
    }
    call.source->bundle = std::make_shared<const CertificateBundle>(call.bundle);
    verifier = std::make_unique<Verifier>(call.options, call.store, call.source,
                                          std::make_shared<FixedClock>(call.now),
                                          OrEnd(MakeEs256Engine(Es256EngineOptions())));
    const LoadedPolicy loaded =
        LoadPolicy(std::string(CALLVET_SOURCE_DIR) + "/tools/policy/pools.json");
    if (loaded.policy == nullptr) std::exit(2);
    policy = loaded.policy;
  }
};

// Seconds of processor time for `count` calls; with `pools` they are counted.
double Judge(const Rig& rig, CallerPools* pools, size_t count, uint64_t& number) {
  const double before = ThreadCpu();
  for (size_t i = 0; i < count; ++i, ++number) {
    const CallRequest& request = rig.calls[i % 64];
    const Verdict verdict = rig.verifier->Verify(request, Deadline());
    if (!verdict.passed()) std::exit(3);
    PolicyCallView call;
    call.orig = request.orig;
    call.dest = request.dest;
    call.identities = request.identities;
    call.trunk = "trunk-1";
    if (pools == nullptr) {
      (void)Decide(*rig.policy, call, verdict);
      continue;
    }
    // People's rhythm: nothing is flagged, as nearly always.
    const auto gap = std::chrono::milliseconds((number * 2'654'435'761U >> 8U) % 2'000);
    CountedCall counted = CountedCallOf(
        request, verdict, kStart + std::chrono::milliseconds(5 * number) + gap, nullptr);
    counted.trunk = call.trunk;
    counted.caller = std::to_string(12155550000 + number % 5'000);  // as real traffic varies
    counted.evidence_id = "019a0000-0000-7000-8000-000000000000";
    const std::optional<PoolHit> hit = pools->Check(counted);
    call.pool = PolicyCallView::PointerTo(hit);
    const std::optional<Disposition> disposition = Decide(*rig.policy, call, verdict);
    counted.outcome = PoolOutcomeOf(verdict, disposition);
    pools->Count(counted, PoolRulesOf(*rig.policy));
  }
  return ThreadCpu() - before;
}

// A verifier as the service has one; its certificate comes from a file.
std::shared_ptr<VerificationCore> MakeCore(const TestCall& call) {
  std::string folder = "/tmp/callvet-bench-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) std::exit(2);
  const std::filesystem::path path(folder);
  std::ofstream(path / "root.pem") << call.root.pem;
  std::ofstream(path / "chain.pem") << PemOf({call.leaf, call.ca});
  CoreSetup setup;
  setup.verifier.trust.anchors = {path / "root.pem"};
  setup.verifier.certificates = {path / "chain.pem"};
  setup.verifier.clock = std::make_shared<FixedClock>(call.now);
  auto core = OrEnd(VerificationCore::Make(setup));
  std::filesystem::remove_all(path);
  return core;
}

double Median(std::vector<double>& values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

// Seconds of processor time for `count` calls, each by another one of 512 callers.
double Answer(const VerificationCore& core, const Policy& policy,
              const std::vector<std::string>& bodies, const PoolCounter* pools, size_t count) {
  const double before = ThreadCpu();
  for (size_t i = 0; i < count; ++i) {
    const ApiReply reply =
        JudgeCall(core, &policy, bodies[i % bodies.size()], Deadline(), nullptr, pools);
    if (reply.body.find("\"reason\":\"verified\"") == std::string::npos) std::exit(3);
  }
  return ThreadCpu() - before;
}

int Path(size_t rounds) {
  Rig rig;
  const std::shared_ptr<VerificationCore> core = MakeCore(rig.call);
  std::vector<std::string> bodies;
  for (int i = 0; i < 512; ++i) {
    const std::string caller = std::to_string(12155550000 + i);
    rig.call.payload = Payload({{"orig", R"({"tn":")" + caller + "\"}"}});
    bodies.push_back(R"({"identity":")" + rig.call.Identity() + R"(","from":"+)" + caller +
                     R"(","to":"+12155550101","trunk":"trunk-1"})");
  }
  const PoolCounter pools{OrEnd(CallerPools::Make(PoolOptions())), rig.policy};
  constexpr size_t kCalls = 1'000;
  (void)Answer(*core, *rig.policy, bodies, &pools, kCalls);
  std::vector<double> without;
  std::vector<double> with;
  std::vector<double> ratios;
  for (size_t round = 0; round < rounds; ++round) {
    const double before = Answer(*core, *rig.policy, bodies, nullptr, kCalls);
    with.push_back(Answer(*core, *rig.policy, bodies, &pools, kCalls) * 1e6 / kCalls);
    const double after = Answer(*core, *rig.policy, bodies, nullptr, kCalls);
    without.push_back((before + after) / 2 * 1e6 / kCalls);
    ratios.push_back(with.back() / without.back());
  }
  const double plain = Median(without);
  const double counted = Median(with);
  std::printf("POST /v1/calls without HTTP %.2f us, counted too %.2f us; median ratio %.3f\n",
              plain, counted, Median(ratios));
  return 0;
}

int Cost(size_t rounds) {
  const Rig rig;
  const auto pools = OrEnd(CallerPools::Make(PoolOptions()));
  constexpr size_t kCalls = 2'000;
  uint64_t number = 0;
  (void)Judge(rig, pools.get(), 2 * kCalls, number);
  std::vector<double> without;
  std::vector<double> with;
  std::vector<double> ratios;
  for (size_t round = 0; round < rounds; ++round) {
    // Before and after, since other work on the machine comes and goes.
    const double before = Judge(rig, nullptr, kCalls, number);
    with.push_back(Judge(rig, pools.get(), kCalls, number) * 1e6 / kCalls);
    without.push_back((before + Judge(rig, nullptr, kCalls, number)) / 2 * 1e6 / kCalls);
    ratios.push_back(with.back() / without.back());
  }
  const double plain = Median(without);
  const double counted = Median(with);
  if (pools->Statistics().flagged != 0) std::exit(4);
  std::printf("verdict and decision %.2f us, counted too %.2f us; median ratio %.3f\n", plain,
              counted, Median(ratios));
  return 0;
}

size_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  size_t all = 0;
  size_t resident = 0;
  file >> all >> resident;
  return resident * 4096;
}

// Every source calls three times within ten minutes, one in a thousand all the time.
int Memory(size_t sources, size_t megabytes) {
  PoolOptions options;
  options.max_bytes = megabytes << 20U;
  options.known_numbers = 1'000'000;
  const auto pools = OrEnd(CallerPools::Make(options));
  const PoolRules rules;
  const size_t before = ResidentBytes();
  CountedCall call;
  const double start = ThreadCpu();
  uint64_t calls = 0;
  for (uint64_t round = 0; round < 3; ++round) {
    for (uint64_t i = 0; i < sources; ++i) {
      call.time =
          kStart + std::chrono::milliseconds((round * sources + i) * 600'000 / (3 * sources));
      call.caller = std::to_string(12155550000 + calls % 3'000'000);
      call.callee = std::to_string(13125550000 + calls % 7'000'000);
      call.trunk = "source-" + std::to_string(i);
      for (int n = 0; n < (i % 1'000 == 0 ? 30 : 1); ++n, ++calls) pools->Count(call, rules);
    }
  }
  const double spent = ThreadCpu() - start;
  const PoolStatistics statistics = pools->Statistics();
  std::printf(
      "%zu sources in memory of %zu, %llu evicted; counted %zu bytes (%.1f each), limit %zu\n",
      statistics.sources, sources, static_cast<unsigned long long>(statistics.evicted),
      statistics.bytes,
      static_cast<double>(statistics.bytes) / static_cast<double>(statistics.sources),
      options.max_bytes);
  std::printf("the process grew by %zu bytes, of which %zu remember numbers; %.0f ns a call\n",
              ResidentBytes() - before, statistics.number_bytes,
              spent * 1e9 / static_cast<double>(calls));
  return statistics.bytes <= options.max_bytes ? 0 : 1;
}

}  // namespace
}  // namespace callvet::test

int main(int argc, char** argv) {
  const auto number = [&](int at, size_t fallback) {
    return argc > at ? static_cast<size_t>(std::strtoull(argv[at], nullptr, 10)) : fallback;
  };
  if (argc > 1 && std::strcmp(argv[1], "cost") == 0) return callvet::test::Cost(number(2, 31));
  if (argc > 1 && std::strcmp(argv[1], "path") == 0) return callvet::test::Path(number(2, 31));
  if (argc > 1 && std::strcmp(argv[1], "memory") == 0) {
    return callvet::test::Memory(number(2, 1'000'000), number(3, 256));
  }
  std::fprintf(stderr, "callvet_pools_bench path|cost|memory\n");
  return 2;
}
