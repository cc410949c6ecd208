// SPDX-License-Identifier: MIT
#include "callvet/policy.h"

namespace callvet {

PolicyKeeper::PolicyKeeper(std::filesystem::path file, std::shared_ptr<const Policy> policy)
    : file_(std::move(file)), policy_(std::move(policy)) {}

Result<std::unique_ptr<PolicyKeeper>> PolicyKeeper::Open(const std::filesystem::path& file) {
  LoadedPolicy loaded = LoadPolicy(file);
  if (loaded.policy == nullptr) {
    std::string detail;
    constexpr size_t kMost = 3;
    for (size_t i = 0; i < loaded.problems.size() && i < kMost; ++i) {
      detail += (i > 0 ? "; " : "") + PolicyProblemText(loaded.problems[i]);
    }
    return Fail(Reason::kConfigInvalid, std::move(detail));
  }
  return std::make_unique<PolicyKeeper>(file, std::move(loaded.policy));
}

std::shared_ptr<const Policy> PolicyKeeper::Current() const {
  const std::lock_guard lock(mutex_);
  return policy_;
}

std::vector<PolicyProblem> PolicyKeeper::Reload() {
  const std::lock_guard reload_lock(reload_mutex_);
  LoadedPolicy loaded = LoadPolicy(file_);
  if (loaded.policy == nullptr) return std::move(loaded.problems);
  // The old tables are given up outside the lock: that may take a while.
  const std::lock_guard lock(mutex_);
  policy_.swap(loaded.policy);
  return {};
}

}  // namespace callvet
