// SPDX-License-Identifier: MIT
// Warm lookups of the certificate store, and what an entry costs in memory.
#include <malloc.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "repository/certificate_repository.h"
#include "support/test_pki.h"

namespace callvet {
namespace {

// Gives one chain for every URL; each leaf is decoded anew, as for different carriers of one CA.
class OneChainFetcher final : public Fetcher {
 public:
  OneChainFetcher() {
    const test::Hierarchy hierarchy = test::MakeHierarchy();
    document_.body = test::PemOf({hierarchy.leaf, hierarchy.ca});
  }
  [[nodiscard]] Result<FetchedDocument> Fetch(std::string_view /*url*/, UrlUse /*use*/,
                                              const Deadline& /*deadline*/) const override {
    return document_;
  }

 private:
  FetchedDocument document_;
};

size_t BytesInUse() {
  const struct mallinfo2 info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

// A repository that holds `count` certificates.
struct Warm {
  explicit Warm(size_t count) {
    CertificateRepositoryOptions options;
    options.memory.max_entries = count * 2 + 1000;
    options.memory.max_bytes = size_t{16} << 30;
    repository =
        std::make_unique<CertificateRepository>(options, std::make_shared<OneChainFetcher>(),
                                                std::make_shared<FixedClock>(test::kNow), nullptr);
    urls.reserve(count);
    for (size_t i = 0; i < count; ++i) {
      urls.push_back("https://cert" + std::to_string(i % 500) + ".example.org/shaken/" +
                     std::to_string(i) + "/chain.pem");
    }
    const size_t before = BytesInUse();
    for (const std::string& url : urls) (void)repository->Get(url, Deadline());
    bytes_per_entry = static_cast<double>(BytesInUse() - before) / static_cast<double>(count);
  }

  std::unique_ptr<CertificateRepository> repository;
  std::vector<std::string> urls;
  double bytes_per_entry = 0;
};

// Made once per size: 100,000 chains take a while to decode.
const Warm& WarmOf(size_t count) {
  static std::unique_ptr<Warm> warm;
  static size_t made = 0;
  if (made != count) {
    warm.reset();
    warm = std::make_unique<Warm>(count);
    made = count;
  }
  return *warm;
}

const Warm* current = nullptr;

void SetUp(const benchmark::State& state) {
  current = &WarmOf(static_cast<size_t>(state.range(0)));
}

void LookupWarm(benchmark::State& state) {
  const Warm& warm = *current;
  // A walk through all URLs in an order that no cache of the processor foresees.
  size_t at = static_cast<size_t>(state.thread_index()) * 7919;
  for (auto _ : state) {
    at = at * 2862933555777941757U + 3037000493U;
    const auto lookup = warm.repository->Lookup(warm.urls[(at >> 20) % warm.urls.size()]);
    benchmark::DoNotOptimize(lookup.bundle.get());
  }
  state.SetItemsProcessed(state.iterations());
  if (state.thread_index() == 0) {
    const auto statistics = warm.repository->Statistics();
    state.counters["bytes_per_entry"] = warm.bytes_per_entry;
    state.counters["estimated"] = static_cast<double>(statistics.memory_bytes) /
                                  static_cast<double>(statistics.memory_entries);
  }
}

BENCHMARK(LookupWarm)
    ->Setup(SetUp)
    ->ArgName("cached")
    ->Arg(1)
    ->Arg(1000)
    ->Arg(100'000)
    ->Threads(1)
    ->Threads(2)
    ->UseRealTime();

}  // namespace
}  // namespace callvet

BENCHMARK_MAIN();
