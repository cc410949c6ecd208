// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <utility>

#include "repository/https_fetcher.h"
#include "support/hostile_server.h"
#include "support/result_matchers.h"

namespace callvet {

// What the tests of the fetcher share. Every name used ends in .test and leads to loopback: the
// program replaces getaddrinfo (https_fetcher_test.cc), so no name leaves the machine.

using std::chrono::milliseconds;

inline constexpr const char* kHost = "good.test";
inline constexpr const char* kOk = "HTTP/1.1 200 OK\r\n";

/// The deadline of a fetch that shall run into it, and what such a fetch must end well before.
inline constexpr milliseconds kDeadline{500};
inline constexpr milliseconds kHang{5000};
/// The deadline of a fetch that ends by itself: plenty, for a loaded machine.
inline constexpr milliseconds kPatience{15000};

/// A file that is gone with the object.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content)
      : path_(testing::TempDir() + "callvet_fetcher_" +
              std::to_string(std::chrono::steady_clock::now().time_since_epoch().count())) {
    std::ofstream(path_, std::ios::binary) << content;
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { std::remove(path_.c_str()); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Options that reach `port` on loopback by http and https, with good.test mapped to it.
inline HttpsFetcherOptions LabOptions(uint16_t port) {
  UrlPolicyOptions policy;
  policy.rules.http = X5uRules::Http::kInsecureAllow;
  policy.rules.ports = {port};
  HttpsFetcherOptions options;
  options.url_policy = *UrlPolicy::Make(policy);
  options.private_addresses = PrivateAddresses::kInsecureAllow;
  options.host_addresses = {{kHost, "127.0.0.1"}};
  return options;
}

inline std::string UrlOf(const std::string& scheme, uint16_t port,
                         const std::string& host = kHost) {
  return scheme + "://" + host + ":" + std::to_string(port) + "/chain.pem";
}

/// One fetch; fails the test if it goes on beyond its deadline.
inline Result<FetchedDocument> FetchOnce(HttpsFetcherOptions options, const std::string& url,
                                         milliseconds deadline = kPatience,
                                         UrlUse use = UrlUse::kX5u) {
  const auto fetcher = HttpsFetcher::Make(std::move(options));
  EXPECT_THAT(fetcher, Succeeds());
  if (!fetcher) return fetcher.error();
  const Stopwatch watch;
  auto result = fetcher->Fetch(url, use, Deadline::After(deadline));
  EXPECT_LT(watch.Elapsed(), deadline - kDeadline + kHang);
  return result;
}

}  // namespace callvet
