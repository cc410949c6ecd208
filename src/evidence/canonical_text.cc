// SPDX-License-Identifier: MIT
#include "evidence/canonical_text.h"

#include "base/base64url.h"
#include "base/utf8.h"

namespace callvet {

void CanonicalText::Text(std::string_view text) {
  if (IsUtf8(text)) return String(text);
  Open();
  AddString("base64", EncodeBase64(text));
  Close();
}

}  // namespace callvet
