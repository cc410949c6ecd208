// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string_view>

namespace callvet {

/// A file of src/policy/data, compiled in.
struct BuiltInPlan {
  std::string_view name;
  std::string_view text;
};

extern const std::span<const BuiltInPlan> kBuiltInPlans;

}  // namespace callvet
