// SPDX-License-Identifier: MIT
#pragma once

#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include <gtest/gtest.h>

#include "base/file.h"
#include "support/result_matchers.h"

namespace callvet::test {

/// A directory that is removed at the end of its scope.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = testing::TempDir() + "callvet.XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// Writes `bytes` to `name`, for its owner only, and gives its path.
  std::filesystem::path Put(const std::string& name, std::string_view bytes) const {
    EXPECT_THAT(WriteFile(path_ / name, bytes, FileMode::kPrivate), Succeeds());
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace callvet::test
