// SPDX-License-Identifier: MIT
// ES256 with a table per key against EVP_DigestVerify, in turns in one process on one processor.
// Prints for each figure the median, over the rounds, of the ratio of rates. Machines are shared
// and noisy: the ratio of a round comes from short runs that lie next to each other, and time is
// the processor time of the thread, without what other programs took.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <string>
#include <thread>
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

// Alternates short runs, so that a disturbance hits both, and reports the median ratio.
void Alternate(benchmark::State& state, const Es256Engine& engine, const std::vector<Signed>& all,
               size_t chunk) {
  const auto ours = [&engine](const Signed& one) {
    return engine.Verify(*one.key, one.input, one.signature).has_value();
  };
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
      const double own = SecondsEach(all, at, chunk, ours);
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
  if (engine != nullptr) Alternate(state, *engine, all, 128);
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
  Alternate(state, *engine, all, 1024);
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
      PinTo(0);
      const double alone = SecondsEach(all, 0, 2000, ours);
      double first = 0;
      double second = 0;
      std::atomic<int> ready{0};
      const auto run = [&](int processor, double& each) {
        PinTo(processor);
        for (++ready; ready.load() < 2;) {
        }
        each = SecondsEach(all, 0, 2000, ours);
      };
      std::thread other([&] { run(1, second); });
      run(0, first);
      other.join();
      gains.push_back(alone / first + alone / second);
    }
  }
  state.counters["gain"] = Median(gains);
}

void BuildTable(benchmark::State& state) {
  PinTo(0);
  const p256::Path* path = state.range(0) == static_cast<int64_t>(Es256Kind::kAdx)
                               ? &p256::AdxPath()
                               : &p256::PortablePath();
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

void Windows(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"engine", "window"});
  for (const Es256Kind kind : {Es256Kind::kAdx, Es256Kind::kPortable}) {
    for (const int window : {4, 5, 7, 8}) bench->Args({static_cast<int64_t>(kind), window});
  }
}
void Window7(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"engine", "window"});
  for (const Es256Kind kind : {Es256Kind::kAdx, Es256Kind::kPortable}) {
    bench->Args({static_cast<int64_t>(kind), 7});
  }
}
void ManyWindows(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"engine", "window"});
  for (const int window : {4, 5, 7}) bench->Args({static_cast<int64_t>(Es256Kind::kAdx), window});
}

BENCHMARK(OneKey)->Apply(Windows)->Iterations(4)->Unit(benchmark::kMillisecond);
BENCHMARK(ManyKeys)->Apply(ManyWindows)->Iterations(1)->Unit(benchmark::kMillisecond);
BENCHMARK(TwoThreads)->Apply(Window7)->Iterations(2)->Unit(benchmark::kMillisecond);
BENCHMARK(BuildTable)->Apply(Windows)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace callvet

BENCHMARK_MAIN();
