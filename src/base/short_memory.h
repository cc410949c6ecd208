// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <memory_resource>

namespace callvet {

/// Memory for a few things that are needed no longer than this lives: without the heap, as long as
/// they are `Bytes` together.
template <size_t Bytes>
class ShortMemory {
 public:
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): buffer_ is memory, not values
  ShortMemory() = default;
  ShortMemory(const ShortMemory&) = delete;
  ShortMemory& operator=(const ShortMemory&) = delete;

  std::pmr::memory_resource* resource() { return &resource_; }

 private:
  alignas(std::max_align_t) std::array<std::byte, Bytes> buffer_;
  std::pmr::monotonic_buffer_resource resource_{buffer_.data(), buffer_.size()};
};

}  // namespace callvet
