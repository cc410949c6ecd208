// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace callvet {

/// Gives equal texts one index, in the order in which they came. For reading large tables.
class InternedTexts {
 public:
  uint32_t IndexOf(std::string_view text) {
    const auto found = index_.find(text);
    if (found != index_.end()) return found->second;
    const auto index = static_cast<uint32_t>(texts_.size());
    texts_.emplace_back(text);
    index_.emplace(text, index);
    return index;
  }
  [[nodiscard]] std::vector<std::string> Take() { return std::move(texts_); }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::unordered_map<std::string, uint32_t, Hash, std::equal_to<>> index_;
  std::vector<std::string> texts_;
};

}  // namespace callvet
