// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/object_reader.h"

namespace callvet {

/// Reads paths of a configuration, which count from the folder that it is in. A value.
class ConfigPaths {
 public:
  explicit ConfigPaths(std::filesystem::path directory) : directory_(std::move(directory)) {}

  [[nodiscard]] std::filesystem::path Resolve(const std::string& text) const {
    const std::filesystem::path path(text);
    return text.empty() || path.is_absolute() ? path : directory_ / path;
  }
  /// Member `name` of `reader`; without one `target` stays.
  template <class Target>
  void Read(ObjectReader& reader, std::string_view name, Target& target) const {
    std::optional<std::string> text;
    reader.Text(name, text);
    if (text) target = Resolve(*text);
  }
  /// The same for an array of strings; what it has is added.
  void Read(ObjectReader& reader, std::string_view name,
            std::vector<std::filesystem::path>& target) const {
    std::vector<std::string> texts;
    reader.Texts(name, texts);
    for (const std::string& text : texts) target.push_back(Resolve(text));
  }

 private:
  std::filesystem::path directory_;
};

}  // namespace callvet
