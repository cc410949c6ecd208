// SPDX-License-Identifier: MIT
#include <string>

#include "base/text.h"
#include "pki/chain.h"

namespace callvet {

Result<void> CheckEncompassing(const std::vector<Certificate>& path) {
  // From the anchor down, so that `parent` is always the nearest certificate above with a list.
  const Certificate* parent = nullptr;
  for (auto child = path.rbegin(); child != path.rend(); ++child) {
    const auto& list = child->tn_auth_list();
    if (!list) continue;
    if (!list->has_value()) {
      return Fail(list->error().reason, Quote(child->subject()) + ": " + list->error().detail);
    }
    if (parent != nullptr && !(*parent->tn_auth_list())->Encompasses(**list)) {
      return Fail(Reason::kTnAuthListNotEncompassed,
                  Quote(child->subject()) + " has " + Quote((*list)->ToText(), 200) +
                      ", which is more than " + Quote(parent->subject()) +
                      " has: " + Quote((*parent->tn_auth_list())->ToText(), 200));
    }
    parent = &*child;
  }
  return {};
}

}  // namespace callvet
