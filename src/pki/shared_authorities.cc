// SPDX-License-Identifier: MIT
#include "pki/shared_authorities.h"

#include <algorithm>
#include <utility>

#include "pki/sha256.h"

namespace callvet {
namespace {

constexpr size_t kMinPlaces = 64;

}  // namespace

Result<Certificate> SharedAuthorities::Decode(std::string_view der) {
  const std::string sha256 = Sha256Hex(der);
  {
    const std::scoped_lock lock(mutex_);
    if (auto known = Find(sha256, der)) return std::move(*known);
  }
  auto decoded = Certificate::ParseDer(der);
  // Where memory ran out OpenSSL may not know the bits of a key: such a copy is nobody else's.
  if (!decoded || !decoded->is_ca() || decoded->key_bits() <= 0) return decoded;
  const std::scoped_lock lock(mutex_);
  // Another thread may have decoded it meanwhile.
  if (auto known = Find(sha256, der)) return std::move(*known);
  MakeRoom();
  places_[sha256] = decoded->data_;
  return decoded;
}

std::optional<Certificate> SharedAuthorities::Find(const std::string& sha256,
                                                   std::string_view der) const {
  const auto place = places_.find(sha256);
  if (place == places_.end()) return std::nullopt;
  auto data = place->second.lock();
  if (data == nullptr) return std::nullopt;
  Certificate known(std::move(data));
  if (known.der() != der) return std::nullopt;
  return known;
}

// At a size that is doubled, so that each place is looked at once for each that is taken.
void SharedAuthorities::MakeRoom() {
  if (places_.size() < full_) return;
  std::erase_if(places_, [](const auto& place) { return place.second.expired(); });
  full_ = std::max(kMinPlaces, 2 * places_.size());
}

size_t SharedAuthorities::size() const {
  const std::scoped_lock lock(mutex_);
  return places_.size();
}

}  // namespace callvet
