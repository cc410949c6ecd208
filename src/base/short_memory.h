// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory_resource>

namespace callvet {

/// Memory for a few things that are needed no longer than this lives: without the heap, as long as
/// they are `Bytes` together. What is given back within that is not used again.
template <size_t Bytes>
class ShortMemory {
 public:
  ShortMemory() = default;
  ShortMemory(const ShortMemory&) = delete;
  ShortMemory& operator=(const ShortMemory&) = delete;

  std::pmr::memory_resource* resource() { return &resource_; }

 private:
  // As std::pmr::monotonic_buffer_resource, which takes four times as many instructions: half of
  // what the heap takes.
  class Resource final : public std::pmr::memory_resource {
   public:
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): buffer_ is memory, not values
    Resource() = default;

   private:
    void* do_allocate(size_t bytes, size_t alignment) override {
      const size_t begin = (used_ + alignment - 1) & ~(alignment - 1);  // of a power of two
      if (alignment > alignof(std::max_align_t) || begin >= Bytes || bytes > Bytes - begin) {
        return std::pmr::new_delete_resource()->allocate(bytes, alignment);
      }
      used_ = begin + bytes;
      return buffer_.data() + begin;
    }
    void do_deallocate(void* place, size_t bytes, size_t alignment) override {
      if (Owns(place)) return;
      std::pmr::new_delete_resource()->deallocate(place, bytes, alignment);
    }
    [[nodiscard]] bool do_is_equal(const memory_resource& other) const noexcept override {
      return this == &other;
    }
    [[nodiscard]] bool Owns(const void* place) const {
      const std::less<const void*> before;
      return !before(place, buffer_.data()) && before(place, buffer_.data() + Bytes);
    }

    size_t used_ = 0;
    alignas(std::max_align_t) std::array<std::byte, Bytes> buffer_;
  };

  Resource resource_;
};

}  // namespace callvet
