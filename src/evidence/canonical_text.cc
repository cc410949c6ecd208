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

void CanonicalText::Texts(const std::vector<std::string>& texts) {
  OpenArray();
  for (const std::string& text : texts) Text(text);
  CloseArray();
}

}  // namespace callvet
