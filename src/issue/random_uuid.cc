// SPDX-License-Identifier: MIT
#include "issue/random_uuid.h"

#include <algorithm>
#include <string_view>

#include "base/text.h"
#include "pki/random_bytes.h"

namespace callvet {
namespace {

std::string UuidOf(std::array<uint8_t, 16> bytes) {
  bytes[6] = static_cast<uint8_t>((bytes[6] & 0x0F) | 0x40);  // version 4
  bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3F) | 0x80);  // variant of RFC 4122 4.1.1
  std::string uuid = ToHex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  for (const size_t dash : {8U, 13U, 18U, 23U}) uuid.insert(dash, 1, '-');
  return uuid;
}

}  // namespace

Result<std::string> RandomUuid() {
  std::array<uint8_t, 16> bytes{};
  if (auto ok = FillAtRandom(bytes); !ok) return ok.error();
  return UuidOf(bytes);
}

Result<std::string> RandomUuids::Next() {
  std::array<uint8_t, 16> bytes{};
  {
    const std::lock_guard lock(mutex_);
    if (left_ == 0) {
      if (auto ok = FillAtRandom(bytes_); !ok) return ok.error();
      left_ = bytes_.size();
    }
    left_ -= bytes.size();
    std::copy_n(bytes_.data() + left_, bytes.size(), bytes.data());
  }
  return UuidOf(bytes);
}

}  // namespace callvet
