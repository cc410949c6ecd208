// SPDX-License-Identifier: MIT
// ES256 with a table per key against EVP_DigestVerify, in turns in one process on one processor.
// Prints for each figure the median, over the rounds, of the ratio of rates. Machines are shared
// and noisy: the ratio of a round comes from short runs that lie next to each other, and time is
// the processor time of the thread, without what other programs took.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "measure.h"
#include "pki/fast_es256.h"
#include "support/p256_oracle.h"
#include "support/test_pki.h"

namespace callvet {
namespace {

constexpr size_t kInputBytes = 350;
constexpr size_t kPairs = 512;
constexpr size_t kManyKeys = 4096;
constexpr size_t kBatch = 8;
constexpr int kRounds = 25;

struct Signed {
  const Es256PublicKey* key = nullptr;
  std::string input;
  Es256Signature signature;
  std::string der;
};

struct Signer {
  test::TestKey key = test::TestKey::Make();
  Es256PublicKey public_key = *Es256PublicKey::FromEvp(key.get());
};

// `count` signatures, in turns by each of `signers`.
std::vector<Signed> Sign(const std::vector<Signer>& signers, size_t count) {
  std::vector<Signed> all;
  all.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const Signer& signer = signers[i % signers.size()];
    std::string input = std::to_string(i) + std::string(kInputBytes, 'x');
    input.resize(kInputBytes);
    auto signature = *Es256Signature::Parse(signer.key.SignEs256(input));
    std::string der = DerOf(signature);
    all.push_back({&signer.public_key, std::move(input), signature, std::move(der)});
  }
  return all;
}

// Alternates short runs, so that a disturbance hits both, and reports the median ratio. `run` gives
// the seconds each of `count` signatures from `begin` on.
template <class Run>
void Alternate(benchmark::State& state, const std::vector<Signed>& all, size_t chunk, Run run) {
  const auto by_openssl = [](const Signed& one) {
    return VerifyByOpenSsl(*one.key, one.der, one.input);
  };
  std::vector<double> ratios;
  std::vector<double> ours_each;
  std::vector<double> theirs_each;
  size_t at = 0;
  for (auto _ : state) {
    for (int round = 0; round < kRounds; ++round) {
      const double before = SecondsEach(all, at, chunk / 4, by_openssl);
      const double own = run(at, chunk);
      const double after = SecondsEach(all, at, chunk / 4, by_openssl);
      ours_each.push_back(own);
      theirs_each.push_back((before + after) / 2);
      ratios.push_back(theirs_each.back() / own);
      at += chunk;
    }
  }
  state.counters["ratio"] = Median(ratios);
  state.counters["us"] = Median(ours_each) * 1e6;
  state.counters["evp_us"] = Median(theirs_each) * 1e6;
  state.counters["best_us"] = *std::min_element(ours_each.begin(), ours_each.end()) * 1e6;
  state.counters["best_evp_us"] = *std::min_element(theirs_each.begin(), theirs_each.end()) * 1e6;
}

// One signature at a time, or eight.
void Alternate(benchmark::State& state, const Es256Engine& engine, const std::vector<Signed>& all,
               size_t chunk, int64_t batch) {
  if (batch == 1) {
    Alternate(state, all, chunk, [&](size_t begin, size_t count) {
      return SecondsEach(all, begin, count, [&engine](const Signed& one) {
        return engine.Verify(*one.key, one.input, one.signature).has_value();
      });
    });
    return;
  }
  // In turns, as calls come: eight that lie next to each other.
  std::vector<size_t> firsts;
  for (size_t at = 0; at + kBatch <= all.size(); at += kBatch) firsts.push_back(at);
  Alternate(state, all, chunk, [&](size_t begin, size_t count) {
    const auto eight = [&](size_t first) {
      std::array<Es256Job, kBatch> jobs;
      for (size_t i = 0; i < kBatch; ++i) {
        const Signed& one = all[first + i];
        jobs[i].key = one.key;
        jobs[i].signing_input = one.input;
        jobs[i].signature = &one.signature;
      }
      engine.VerifyMany(jobs);
      return std::all_of(jobs.begin(), jobs.end(),
                         [](const Es256Job& job) { return job.result.has_value(); });
    };
    return SecondsEach(firsts, begin / kBatch, count / kBatch, eight) / kBatch;
  });
}

std::shared_ptr<const Es256Engine> EngineOf(benchmark::State& state, Es256EngineOptions options) {
  options.promote_after = 1;
  auto engine = MakeEs256Engine(options);
  if (!engine) {
    state.SkipWithError(engine.error().detail.c_str());
    return nullptr;
  }
  return *engine;
}

Es256EngineOptions OptionsOf(const benchmark::State& state) {
  Es256EngineOptions options;
  options.kind = static_cast<Es256Kind>(state.range(0));
  options.key_window = static_cast<unsigned>(state.range(1));
  return options;
}

void OneKey(benchmark::State& state) {
  PinTo(0);
  static const std::vector<Signer> signers(1);
  static const std::vector<Signed> all = Sign(signers, kPairs);
  const auto engine = EngineOf(state, OptionsOf(state));
  if (engine != nullptr) Alternate(state, *engine, all, 128, state.range(2));
}

void ManyKeys(benchmark::State& state) {
  PinTo(0);
  static const std::vector<Signer> signers(kManyKeys);
  static const std::vector<Signed> all = [] {
    auto made = Sign(signers, kManyKeys * 4);
    std::shuffle(made.begin(), made.end(), std::mt19937(1));
    return made;
  }();
  Es256EngineOptions options = OptionsOf(state);
  options.table_bytes = size_t{2} << 30;
  const auto engine = EngineOf(state, options);
  if (engine == nullptr) return;
  // Builds all tables.
  for (const Signed& one : all) (void)engine->Verify(*one.key, one.input, one.signature);
  Alternate(state, *engine, all, 1024, state.range(2));
}

// Both threads pinned, one key for both: the worst case for what they share.
void TwoThreads(benchmark::State& state) {
  static const std::vector<Signer> signers(1);
  static const std::vector<Signed> all = Sign(signers, kPairs);
  const auto engine = EngineOf(state, OptionsOf(state));
  if (engine == nullptr) return;
  const auto ours = [&engine](const Signed& one) {
    return engine->Verify(*one.key, one.input, one.signature).has_value();
  };
  std::vector<double> gains;
  for (auto _ : state) {
    for (int round = 0; round < kRounds; ++round) {
      gains.push_back(GainOfTwoThreads(all, 2000, ours));
    }
  }
  state.counters["gain"] = Median(gains);
}

void BuildTable(benchmark::State& state) {
  PinTo(0);
  const p256::Path* const paths[] = {&p256::PortablePath(), &p256::AdxPath(), &p256::IfmaPath()};
  const p256::Path* path = paths[state.range(0) - static_cast<int64_t>(Es256Kind::kPortable)];
  if (!path->supported()) {
    state.SkipWithError("not supported by this processor");
    return;
  }
  const p256::TableShape shape(static_cast<unsigned>(state.range(1)));
  std::vector<p256::AffinePoint> table(shape.entries());
  for (auto _ : state) {
    path->build(p256::kGeneratorX, p256::kGeneratorY, shape, table);
    benchmark::DoNotOptimize(table.data());
  }
}

constexpr int64_t kPortable = static_cast<int64_t>(Es256Kind::kPortable);
constexpr int64_t kAdx = static_cast<int64_t>(Es256Kind::kAdx);
constexpr int64_t kIfma = static_cast<int64_t>(Es256Kind::kIfma);

void WindowsAndBatches(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"engine", "window", "batch"})
      ->ArgsProduct({{kIfma, kAdx}, {4, 5, 7, 8}, {1, kBatch}})
      ->ArgsProduct({{kPortable}, {4, 5, 7, 8}, {1}});
}
void ManyWindows(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"engine", "window", "batch"})
      ->ArgsProduct({{kIfma}, {4, 7}, {1, kBatch}})
      ->ArgsProduct({{kAdx}, {4, 5, 7}, {1}});
}
void Windows(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"engine", "window"})->ArgsProduct({{kIfma, kAdx, kPortable}, {4, 5, 7, 8}});
}
void Window7(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"engine", "window"})->ArgsProduct({{kIfma, kAdx, kPortable}, {7}});
}

BENCHMARK(OneKey)->Apply(WindowsAndBatches)->Iterations(4)->Unit(benchmark::kMillisecond);
BENCHMARK(ManyKeys)->Apply(ManyWindows)->Iterations(1)->Unit(benchmark::kMillisecond);
BENCHMARK(TwoThreads)->Apply(Window7)->Iterations(2)->Unit(benchmark::kMillisecond);
BENCHMARK(BuildTable)->Apply(Windows)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace callvet

BENCHMARK_MAIN();
