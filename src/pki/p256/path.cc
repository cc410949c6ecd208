// SPDX-License-Identifier: MIT
#include "pki/p256/path.h"

namespace callvet::p256 {

std::span<const Path* const> AllPaths() {
  static const std::array<const Path*, 2> kPaths = {&AdxPath(), &PortablePath()};
  return kPaths;
}

}  // namespace callvet::p256
