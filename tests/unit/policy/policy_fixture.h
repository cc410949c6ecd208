// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "call_fixture.h"
#include "callvet/policy.h"
#include "policy/policy_data.h"

namespace callvet::test {

/// A folder for the tables of one test, removed at its end.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "callvet-policy-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  std::filesystem::path Write(const std::string& name, std::string_view text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return path_ / name;
  }

  /// The policy of `text`; a failed expectation and nullptr if it has problems.
  [[nodiscard]] std::shared_ptr<const Policy> Make(std::string_view text) const {
    const LoadedPolicy loaded = ParsePolicy(text, path_);
    for (const PolicyProblem& problem : loaded.problems)
      ADD_FAILURE() << PolicyProblemText(problem);
    return loaded.policy;
  }

 private:
  std::filesystem::path path_;
};

/// What `policy` does with the signed call `call`, which comes from `trunk`.
inline Disposition DecideSigned(const Policy& policy, TestCall& call,
                                const std::string& trunk = "") {
  PolicyCall policy_call;
  policy_call.orig = call.request.orig;
  policy_call.dest = call.request.dest;
  policy_call.identities =
      call.identities.empty() ? std::vector<std::string>{call.Identity()} : call.identities;
  policy_call.trunk = trunk;
  call.identities = policy_call.identities;
  return Decide(policy, policy_call, call.Judge());
}

/// The same for a call without Identity header.
inline Disposition DecideUnsigned(const Policy& policy, TestCall& call,
                                  const std::string& trunk = "") {
  const Verifier verifier(call.options, call.store, call.source,
                          std::make_shared<FixedClock>(call.now), call.engine);
  PolicyCall policy_call;
  policy_call.orig = call.request.orig;
  policy_call.dest = call.request.dest;
  policy_call.trunk = trunk;
  return Decide(policy, policy_call, verifier.Verify(call.request, Deadline()));
}

/// A call that `spc` signs, from `orig` (E.164 with '+' or a code) to `dest`, with the attestation
/// A. `plan` is that of the verifier.
inline TestCall SignedCall(const std::string& orig, const std::string& dest,
                           const std::string& spc = "818H", const char* country = nullptr) {
  TestCall call;
  if (spc != "818H") {
    CertSpec spec = LeafSpec();
    spec.tn_auth_list = SpcList({spc});
    call.UseLeaf(spec);
  }
  if (country != nullptr) call.options.dial_plan = FindDialPlan(country);
  const auto claim = [](const std::string& number) {
    return number.starts_with('+') ? number.substr(1) : number;
  };
  call.request.orig = {orig};
  call.request.dest = {dest};
  call.payload = Payload({{"orig", "{\"tn\":\"" + claim(orig) + "\"}"},
                          {"dest", "{\"tn\":[\"" + claim(dest) + "\"]}"}});
  return call;
}

/// What the rule `rule` found.
inline const RuleStep& StepOf(const Disposition& disposition, std::string_view rule) {
  for (const RuleStep& step : disposition.steps) {
    if (step.rule == rule) return step;
  }
  ADD_FAILURE() << "no rule " << rule;
  return disposition.steps.at(0);
}

}  // namespace callvet::test
