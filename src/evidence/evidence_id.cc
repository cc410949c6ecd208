// SPDX-License-Identifier: MIT
#include "evidence/evidence_id.h"

#include <algorithm>
#include <cstdint>
#include <span>

#include "evidence/packed_id.h"
#include "pki/random_bytes.h"

namespace callvet {
namespace {

constexpr size_t kTimeBytes = 6;
constexpr size_t kRandomBytes = 10;

std::string IdOf(sys_seconds now, std::span<const unsigned char, kRandomBytes> random) {
  std::array<unsigned char, kTimeBytes + kRandomBytes> bytes{};
  auto milliseconds =
      static_cast<uint64_t>(std::chrono::milliseconds(now.time_since_epoch()).count());
  for (size_t i = kTimeBytes; i-- > 0; milliseconds >>= 8U) {
    bytes[i] = static_cast<unsigned char>(milliseconds & 0xFFU);
  }
  std::copy(random.begin(), random.end(), bytes.begin() + kTimeBytes);
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0FU) | 0x70U);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3FU) | 0x80U);
  return UnpackUuid({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace

Result<std::string> NewEvidenceId(sys_seconds now) {
  std::array<unsigned char, kRandomBytes> random{};
  if (auto ok = FillAtRandom(random); !ok) return ok.error();
  return IdOf(now, random);
}

Result<std::string> EvidenceIds::Next(sys_seconds now) {
  if (used_ + kRandomBytes > random_.size()) {
    if (auto ok = FillAtRandom(random_); !ok) return ok.error();
    used_ = 0;
  }
  const auto random = std::span<const unsigned char>(random_).subspan(used_).first<kRandomBytes>();
  used_ += kRandomBytes;
  return IdOf(now, random);
}

std::optional<sys_seconds> TimeOfId(std::string_view id) {
  const std::string bytes = PackUuid(id);
  if (bytes.empty()) return std::nullopt;
  int64_t milliseconds = 0;
  for (size_t i = 0; i < kTimeBytes; ++i) {
    milliseconds = milliseconds * 256 + static_cast<unsigned char>(bytes[i]);
  }
  return std::chrono::floor<std::chrono::seconds>(
      std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(milliseconds)));
}

std::chrono::sys_days DayOfId(std::string_view id) {
  const auto time = TimeOfId(id);
  return time ? std::chrono::floor<std::chrono::days>(*time) : std::chrono::sys_days();
}

}  // namespace callvet
