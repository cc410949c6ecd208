// SPDX-License-Identifier: MIT
#include "support/fake_dns.h"

#include <dlfcn.h>
#include <netdb.h>

#include <algorithm>
#include <thread>

namespace callvet::test {

FakeDns& FakeDns::Get() {
  static FakeDns dns;
  return dns;
}

void FakeDns::Set(const std::string& name, std::vector<Answer> answers) {
  const std::lock_guard lock(mutex_);
  names_[name] = {std::move(answers), 0};
}

FakeDns::Answer FakeDns::Next(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = names_.find(name);
  if (found == names_.end()) return {};
  auto& [answers, lookups] = found->second;
  return answers[std::min(lookups++, answers.size() - 1)];
}

size_t FakeDns::Lookups(const std::string& name) {
  const std::lock_guard lock(mutex_);
  return names_[name].second;
}

}  // namespace callvet::test

// Takes the place of the C library's for the whole program, libcurl included.
extern "C" __attribute__((visibility("default"))) int getaddrinfo(const char* name,
                                                                  const char* service,
                                                                  const addrinfo* hints,
                                                                  addrinfo** result) {
  using Function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto real = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  const auto answer = callvet::test::FakeDns::Get().Next(name);
  std::this_thread::sleep_for(answer.delay);
  *result = nullptr;
  if (answer.error != 0) return answer.error;
  addrinfo wanted{};
  if (hints != nullptr) wanted = *hints;
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_flags = AI_NUMERICHOST;
  addrinfo** end = result;
  for (const std::string& address : answer.addresses) {
    if (real(address.c_str(), service, &wanted, end) != 0) return EAI_FAIL;
    while (*end != nullptr) end = &(*end)->ai_next;
  }
  return *result == nullptr ? EAI_NONAME : 0;
}
