// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace callvet {

/// The types of PASSporT that are judged.
enum class PassportKind : uint8_t { kBase, kShaken, kDiv, kDivO, kRph, kRcd, kMsg };

/// The ppt of each, in the order of the enum; "" for a base PASSporT.
inline constexpr std::array<std::string_view, 7> kPptNames = {"",    "shaken", "div", "div-o",
                                                              "rph", "rcd",    "msg"};

constexpr std::string_view PptOf(PassportKind kind) {
  return kPptNames[static_cast<size_t>(kind)];
}

/// The kind of a `ppt`, nothing meaning that there is none; nothing for one that is not judged
/// . An empty ppt is not a missing one.
constexpr std::optional<PassportKind> KindOf(const std::optional<std::string_view>& ppt) {
  if (!ppt) return PassportKind::kBase;
  for (size_t i = 1; i < kPptNames.size(); ++i) {
    if (*ppt == kPptNames[i]) return static_cast<PassportKind>(i);
  }
  return std::nullopt;
}

constexpr bool IsDiversion(PassportKind kind) {
  return kind == PassportKind::kDiv || kind == PassportKind::kDivO;
}

}  // namespace callvet
