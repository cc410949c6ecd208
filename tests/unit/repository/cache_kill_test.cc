// SPDX-License-Identifier: MIT
// Processes that share a cache directory are killed at random points of their work.
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include <array>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/file.h"
#include "repository_fixture.h"

namespace callvet {
namespace {

constexpr size_t kCertificates = 10;
constexpr int kKills = 200;

pid_t Start(std::vector<std::string> arguments) {
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  pid_t pid = -1;
  EXPECT_EQ(::posix_spawn(&pid, pointers[0], nullptr, nullptr, pointers.data(), environ), 0);
  return pid;
}

TEST(CacheKill, KilledProcessesNeverLeaveAWrongOrTornCertificate) {
  TemporaryDirectory directory;
  const auto cache_path = directory.path() / "cache";
  const auto pem_path = directory.path() / "pem";
  std::filesystem::create_directory(pem_path);
  std::vector<CertificateBundle> bundles;
  for (size_t i = 0; i < kCertificates; ++i) {
    const auto leaf = test::Issue(test::LeafSpec(), Certificates().ca);
    bundles.push_back(test::BundleOf({leaf, Certificates().ca}));
    ASSERT_THAT(WriteFile(pem_path / (std::to_string(i) + ".pem"), leaf.pem + Certificates().ca.pem,
                          FileMode::kPublic),
                Succeeds());
  }
  unsigned seed = 1;
  const auto start = [&] {
    return Start({CALLVET_CACHE_PROCESS, cache_path.string(), pem_path.string(),
                  std::to_string(kCertificates), std::to_string(seed++)});
  };
  const auto cache = DiskCache::Open(cache_path);
  ASSERT_THAT(cache, Succeeds());
  std::array<pid_t, 2> processes = {start(), start()};
  std::mt19937 random(1);
  size_t served = 0;
  for (int kill = 0; kill < kKills; ++kill) {
    std::this_thread::sleep_for(std::chrono::microseconds(15'000 + random() % 30'000));
    pid_t& victim = processes[random() % 2];
    ::kill(victim, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(victim, &status, 0), victim);
    // It must have died by the signal: by itself it ends only if it was served something wrong.
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        << "exit code " << WEXITSTATUS(status) << " before kill " << kill;
    for (size_t i = 0; i < kCertificates; ++i) {
      const auto entry = (*cache)->Load("https://cert.example.org/" + std::to_string(i));
      if (!entry) continue;
      const auto bundle = ParseBundle(entry->body);
      ASSERT_THAT(bundle, Succeeds());
      ASSERT_EQ(*bundle, bundles[i]);
      ++served;
    }
    victim = start();
  }
  for (const pid_t pid : processes) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
  EXPECT_GT(served, size_t{kKills});  // it was a cache, not an empty directory
  RecordProperty("served", static_cast<int>(served));
}

}  // namespace
}  // namespace callvet
