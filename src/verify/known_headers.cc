// SPDX-License-Identifier: MIT
#include "verify/known_headers.h"

#include <functional>
#include <utility>

namespace callvet {
namespace {

constexpr size_t kSlots = 1024;
constexpr size_t kMaxBytes = 1024;  // longer ones are nobody's all day

size_t SlotOf(std::string_view base64url) {
  return std::hash<std::string_view>{}(base64url) % kSlots;
}

}  // namespace

KnownHeaders::KnownHeaders() : tables_(StripeCount()) {
  for (Table& table : tables_) table.slots.resize(kSlots);
}

std::shared_ptr<const JoseHeader> KnownHeaders::Find(std::string_view base64url) const {
  Table& table = tables_[StripeOfCaller(tables_.size())];
  const size_t at = SlotOf(base64url);
  const std::lock_guard lock(table.mutex);
  const Slot& slot = table.slots[at];
  return slot.base64url == base64url ? slot.header : nullptr;
}

void KnownHeaders::Remember(std::string_view base64url, std::shared_ptr<const JoseHeader> header) {
  if (base64url.size() > kMaxBytes) return;
  Slot slot{std::string(base64url), std::move(header)};
  Table& table = tables_[StripeOfCaller(tables_.size())];
  const size_t at = SlotOf(base64url);
  const std::lock_guard lock(table.mutex);
  std::swap(table.slots[at], slot);
}

}  // namespace callvet
