// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "callvet/result.h"

namespace callvet {

/// So that failed expectations print the id and not a number.
inline void PrintTo(Reason reason, std::ostream* out) {
  *out << Info(reason).id;
}

/// Matches a Result that holds a value.
MATCHER(Succeeds, negation ? "fails" : "succeeds") {
  if (arg.has_value()) return true;
  *result_listener << "failed with " << Info(arg.error().reason).id << ": " << arg.error().detail;
  return false;
}

/// Matches a Result that failed with exactly `reason`.
MATCHER_P(FailsWith, reason, "fails with " + std::string(Info(reason).id)) {
  if (arg.has_value()) {
    *result_listener << "succeeded";
    return false;
  }
  *result_listener << "failed with " << Info(arg.error().reason).id << ": " << arg.error().detail;
  return arg.error().reason == reason;
}

/// A copy of `bytes` in a heap block of exactly that size, so that AddressSanitizer sees any read
/// past its end (a std::string has a terminating NUL and spare room).
class ExactBytes {
 public:
  explicit ExactBytes(std::string_view bytes)
      : size_(bytes.size()), bytes_(std::make_unique<char[]>(bytes.size())) {
    bytes.copy(bytes_.get(), bytes.size());
  }
  [[nodiscard]] std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  size_t size_;
  std::unique_ptr<char[]> bytes_;
};

}  // namespace callvet
