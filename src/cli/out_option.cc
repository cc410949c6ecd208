// SPDX-License-Identifier: MIT
#include "cli/out_option.h"

#include <algorithm>
#include <system_error>

#include "cli/options.h"

namespace callvet::cli {

namespace fs = std::filesystem;

bool SameFile(const fs::path& a, const fs::path& b) {
  std::error_code error;
  return a.lexically_normal() == b.lexically_normal() || fs::equivalent(a, b, error) ||
         fs::weakly_canonical(a, error) == fs::weakly_canonical(b, error);
}

Result<void> CheckOut(const fs::path& path, const std::vector<fs::path>& kept) {
  const auto refuse = [&](const char* why) {
    return InOption("--out", Fail(Reason::kParameterInvalid, path.string() + " " + why));
  };
  const bool needed = std::any_of(kept.begin(), kept.end(),
                                  [&](const fs::path& file) { return SameFile(path, file); });
  if (needed) return refuse("belongs to the store and was not touched");
  std::error_code error;
  const auto status = fs::symlink_status(path, error);
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    return refuse("is no regular file and was not touched");
  }
  return {};
}

}  // namespace callvet::cli
