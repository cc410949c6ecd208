// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace callvet::test {

/// Name servers as hostile as web servers: what each name's lookups answer, one after the other
/// (the last one stays). A program that links fake_dns.cc has no other: getaddrinfo is replaced,
/// for libcurl too, so that no name leaves the machine. A name that was not set does not exist.
/// Thread-safe.
class FakeDns {
 public:
  struct Answer {
    std::vector<std::string> addresses = {};
    std::chrono::milliseconds delay{0};
    int error = 0;  // EAI_AGAIN, ...: instead of addresses
  };

  static FakeDns& Get();
  void Set(const std::string& name, std::vector<Answer> answers);
  Answer Next(const std::string& name);
  size_t Lookups(const std::string& name);

 private:
  std::mutex mutex_;
  std::map<std::string, std::pair<std::vector<Answer>, size_t>> names_;
};

}  // namespace callvet::test
