// SPDX-License-Identifier: MIT
// The whole verdict and decision of a call, from the strings that a SIP element has, against
// EVP_DigestVerify of the same signature alone: in turns in one process on one processor. "ratio"
// is the median, over the rounds, of the ratio of rates.
#include <memory>
#include <vector>

#include <benchmark/benchmark.h>

#include "call_rig.h"
#include "measure.h"

namespace callvet {
namespace {

constexpr int kRounds = 15;
constexpr size_t kCallsPerRound = 256;

// The calls of a round, written anew as those are that just came in: what is cold is what belongs
// to their signers, not the calls.
std::vector<SignedCall> JustReceived(const std::vector<SignedCall>& all, size_t begin) {
  std::vector<SignedCall> calls;
  calls.reserve(kCallsPerRound);
  for (size_t i = 0; i < kCallsPerRound; ++i) calls.push_back(all[(begin + i) % all.size()]);
  return calls;
}

void WholeVerdict(benchmark::State& state) {
  PinTo(0);
  const Rig rig(static_cast<size_t>(state.range(1)));
  Es256EngineOptions options;
  options.kind = static_cast<Es256Kind>(state.range(0));
  options.table_bytes = size_t{1} << 30;
  const auto verifier = rig.MakeVerifier(options);
  if (verifier == nullptr) return state.SkipWithError("not supported by this processor");
  const auto ours = [&](const SignedCall& one) {
    return VerdictPasses(*verifier, *rig.policy, one);
  };
  const auto theirs = [](const SignedCall& one) {
    return VerifyByOpenSsl(*one.key, one.der, one.input);
  };
  (void)SecondsEach(rig.calls, 0, rig.calls.size(), ours);  // chains and tables are made
  std::vector<double> ratios;
  std::vector<double> own;
  std::vector<double> evp;
  size_t at = 0;
  for (auto _ : state) {
    for (int round = 0; round < kRounds; ++round, at += kCallsPerRound) {
      const std::vector<SignedCall> calls = JustReceived(rig.calls, at);
      const double before = SecondsEach(calls, 0, kCallsPerRound / 4, theirs);
      own.push_back(SecondsEach(calls, 0, kCallsPerRound, ours));
      const double after = SecondsEach(calls, 0, kCallsPerRound / 4, theirs);
      evp.push_back((before + after) / 2);
      ratios.push_back(evp.back() / own.back());
    }
  }
  state.counters["ratio"] = Median(ratios);
  state.counters["us"] = Median(own) * 1e6;
  state.counters["evp_us"] = Median(evp) * 1e6;
  state.counters["best_us"] = *std::min_element(own.begin(), own.end()) * 1e6;
}
BENCHMARK(WholeVerdict)
    ->ArgNames({"engine", "signers"})
    ->Args({static_cast<int64_t>(Es256Kind::kIfma), 1})
    ->Args({static_cast<int64_t>(Es256Kind::kIfma), 4096})
    ->Args({static_cast<int64_t>(Es256Kind::kAdx), 1})
    ->Args({static_cast<int64_t>(Es256Kind::kAdx), 4096})
    ->Args({static_cast<int64_t>(Es256Kind::kPortable), 1})
    ->Args({static_cast<int64_t>(Es256Kind::kOpenSsl), 1})
    ->Iterations(2)
    ->Unit(benchmark::kMillisecond);

// Both threads on one verifier, one signer and one chain: the worst case for what they share.
// "evp": the same of EVP_DigestVerify in turns, so of threads that share nothing; where it is not
// two, the two processors are threads of one core, or somebody else is at work.
void TwoThreads(benchmark::State& state) {
  const Rig rig(1);
  const auto verifier = rig.MakeVerifier(Es256EngineOptions());
  const auto ours = [&](const SignedCall& one) {
    return VerdictPasses(*verifier, *rig.policy, one);
  };
  const auto theirs = [](const SignedCall& one) {
    return VerifyByOpenSsl(*one.key, one.der, one.input);
  };
  std::vector<double> gains;
  std::vector<double> evp;
  for (auto _ : state) {
    for (int round = 0; round < kRounds; ++round) {
      gains.push_back(GainOfTwoThreads(rig.calls, 2000, ours));
      evp.push_back(GainOfTwoThreads(rig.calls, 200, theirs));
    }
  }
  state.counters["gain"] = Median(gains);
  state.counters["evp"] = Median(evp);
}
BENCHMARK(TwoThreads)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace callvet

BENCHMARK_MAIN();
