// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "fuzz.h"
#include "policy/call_lists.h"
#include "policy/csv.h"
#include "policy/number_plan.h"
#include "policy/number_registry.h"

using namespace callvet;  // NOLINT(google-build-using-namespace): a program of one function

namespace {

// A file of this process, which is gone when it ends well.
struct Scratch {
  std::filesystem::path path = std::filesystem::temp_directory_path() /
                               ("callvet-fuzz-table-" + std::to_string(getpid()) + ".csv");
  Scratch() = default;
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
  }
};

}  // namespace

// A table is read whole, or says what is wrong.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Scratch scratch;
  static const DialPlan* const plan = FindDialPlan("CN");
  const std::string_view text = fuzz::Text(data, size);
  CsvFields fields;
  if (fields.Split(text.substr(0, text.find('\n')))) {
    fuzz::Require(fields.size() <= CsvFields::kMaxFields);
  }
  if (NumberPlan::Parse(text)) fuzz::Reached();
  if (!(std::ofstream(scratch.path, std::ios::binary) << text)) return 0;
  std::vector<PolicyProblem> problems;
  if (const auto registry = NumberRegistry::Read({scratch.path}, plan, problems)) {
    fuzz::Reached();
    for (const std::string_view holder : registry->Holders()) fuzz::Require(!holder.empty());
  } else {
    fuzz::Require(!problems.empty() && problems.size() <= NumberRegistry::kMaxProblems + 1,
                  "without a table there is a problem");
  }
  problems.clear();
  if (const auto lists = CallLists::Read({scratch.path}, plan, problems)) {
    fuzz::Reached();
    for (const std::string_view holder : lists->Holders()) fuzz::Require(!holder.empty());
  } else {
    fuzz::Require(!problems.empty(), "without a table there is a problem");
  }
  return 0;
}
