// SPDX-License-Identifier: MIT
#include "callvet/tn_auth_list.h"

#include "fuzz.h"

using namespace callvet;  // NOLINT(google-build-using-namespace): a program of one function

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto list = TnAuthList::Parse({data, size});
  if (list) {
    fuzz::Reached();
    const std::string der = list->Encode();
    const auto again =
        TnAuthList::Parse({reinterpret_cast<const uint8_t*>(der.data()), der.size()});
    fuzz::Require(again.has_value() && *again == *list);
    fuzz::Require(list->Encompasses(*list));
  }
  return 0;
}
