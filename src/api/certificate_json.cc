// SPDX-License-Identifier: MIT
#include "api/certificate_json.h"

#include "base/text.h"

namespace callvet {

std::string TnAuthListText(const Certificate& certificate) {
  const auto& list = certificate.tn_auth_list();
  if (!list) return "";
  return *list ? (*list)->ToText() : "malformed: " + list->error().detail;
}

JsonMembers CertificateJson(const Certificate& certificate) {
  const std::string list = TnAuthListText(certificate);
  return {{"subject", certificate.subject()},
          {"issuer", certificate.issuer()},
          {"serial", certificate.serial_hex()},
          {"sha256", certificate.sha256_hex()},
          {"not_before", FormatTime(certificate.not_before())},
          {"not_after", FormatTime(certificate.not_after())},
          {"tnauthlist", list.empty() ? JsonValue() : JsonValue(list)}};
}

}  // namespace callvet
