// SPDX-License-Identifier: MIT
#pragma once

#include <span>
#include <string_view>

namespace callvet::service {

/// A file of the page, embedded by CMake from src/service/web/.
struct WebFile {
  std::string_view path;  // "/", "/app.js"
  std::string_view content_type;
  std::string_view bytes;
};

/// All of them. Static storage.
std::span<const WebFile> WebFiles();

}  // namespace callvet::service
