// SPDX-License-Identifier: MIT
// A process that uses a cache directory without end, for cache_kill_test.cc, which kills it.
//   cache_process CACHE-DIRECTORY CERTIFICATE-DIRECTORY COUNT SEED
// CERTIFICATE-DIRECTORY holds 0.pem to COUNT-1.pem. Ends with 1 if it was served anything wrong.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/file.h"
#include "pki/certificate.h"
#include "repository/certificate_repository.h"
#include "repository/disk_cache.h"

namespace callvet {
namespace {

constexpr int kServedWrong = 1;
constexpr int kCannotStart = 2;

std::string UrlOf(size_t number) {
  return "https://cert.example.org/" + std::to_string(number);
}

int Run(const std::vector<std::string>& arguments) {
  DiskCacheOptions options;
  options.max_entries = 6;  // fewer than there are certificates: eviction takes part
  options.abandoned_after = std::chrono::seconds(1);
  const auto cache = DiskCache::Open(arguments[0], options);
  if (!cache) return kCannotStart;
  const size_t count = std::stoul(arguments[2]);
  std::vector<std::string> pems;
  std::vector<CertificateBundle> bundles;
  for (size_t i = 0; i < count; ++i) {
    auto pem = ReadFile(std::filesystem::path(arguments[1]) / (std::to_string(i) + ".pem"));
    if (!pem) return kCannotStart;
    auto bundle = ParseBundle(*pem);
    if (!bundle) return kCannotStart;
    pems.push_back(std::move(*pem));
    bundles.push_back(std::move(*bundle));
  }
  std::mt19937 random(static_cast<unsigned>(std::stoul(arguments[3])));
  CertificateRepositoryOptions offline;
  offline.downloads = DownloadPolicy::kOffline;
  for (;;) {
    const sys_seconds now = SystemClock().Now();
    const size_t written = random() % count;
    // Text around PEM is ignored, so that the length may vary up to the limit.
    const std::string padding(random() % 50'000, static_cast<char>('a' + written));
    const auto day = std::chrono::hours(24);
    (void)(*cache)->Store(
        {UrlOf(written), now, now + day, now + 2 * day, padding + "\n" + pems[written]});
    const size_t read = random() % count;
    const CertificateRepository repository(offline, nullptr, std::make_shared<SystemClock>(),
                                           *cache);
    const auto lookup = repository.Lookup(UrlOf(read));
    if (lookup.bundle && *lookup.bundle != bundles[read]) return kServedWrong;
    const auto entry = (*cache)->Load(UrlOf(read));
    if (entry) {
      const size_t end = entry->body.find('\n');
      const std::string expected(end, static_cast<char>('a' + read));
      if (entry->body != expected + "\n" + pems[read]) return kServedWrong;
    }
  }
}

}  // namespace
}  // namespace callvet

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  return callvet::Run(std::vector<std::string>(argv + 1, argv + argc));
}
