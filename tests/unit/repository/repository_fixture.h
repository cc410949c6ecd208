// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "fake_fetcher.h"
#include "manual_clock.h"
#include "repository/certificate_repository.h"
#include "support/result_matchers.h"
#include "support/temporary_directory.h"
#include "support/test_pki.h"

namespace callvet {

using test::FakeFetcher;
using test::TemporaryDirectory;

/// One hierarchy for all tests of the program: making keys takes time under sanitizers.
inline const test::Hierarchy& Certificates() {
  static const test::Hierarchy hierarchy = test::MakeHierarchy();
  return hierarchy;
}
inline const std::string& ChainPem() {
  static const std::string pem = test::PemOf({Certificates().leaf, Certificates().ca});
  return pem;
}

inline constexpr const char* kUrl = "https://cert.example.org/p.pem";

/// A repository over a FakeFetcher; `options` may be changed before the first Make.
class RepositoryTest : public testing::Test {
 protected:
  RepositoryTest() {
    fetcher->Serve(kUrl, ChainPem());
    // A day, whatever HTTP says: that is the business of http_freshness_test.
    options.freshness = [](const FetchedDocument&, sys_seconds now, sys_seconds latest) {
      return std::min(now + std::chrono::hours(24), latest);
    };
  }

  std::unique_ptr<CertificateRepository> Make(std::shared_ptr<const DiskCache> disk = nullptr) {
    return std::make_unique<CertificateRepository>(options, fetcher, clock, std::move(disk));
  }
  static Deadline Soon() { return Deadline::After(std::chrono::seconds(20)); }

  std::shared_ptr<FakeFetcher> fetcher = std::make_shared<FakeFetcher>();
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  CertificateRepositoryOptions options;
};

}  // namespace callvet
