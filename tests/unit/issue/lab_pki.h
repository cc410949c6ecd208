// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "issue/certificate_issuer.h"

namespace callvet {

inline constexpr sys_seconds kLabStart = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);
inline constexpr sys_seconds kLabEnd = std::chrono::sys_days(std::chrono::year(2030) / 1 / 1);

inline PrivateKey NewKey(KeyKind kind = KeyKind::kEcP256) {
  auto key = PrivateKey::Generate(kind);
  EXPECT_TRUE(key.has_value());
  return *key;
}

inline TnAuthList Spc(const std::string& spc) {
  return *TnAuthList::Make({spc}, {});
}
inline TnAuthList Range(const std::string& start, uint64_t count) {
  return *TnAuthList::Make({}, {{start, count}});
}

inline CertificateRequest Request(ProfileRole role) {
  CertificateRequest request;
  request.role = role;
  request.not_before = kLabStart;
  request.not_after = kLabEnd;
  if (role == ProfileRole::kEndEntity) request.tn_auth_list = Spc("997E");
  if (role != ProfileRole::kRoot) {
    request.crl_distribution_point = CrlDistributionPoint{
        {"https://sti-pa.example/crl"}, {*EncodeName({"STI-PA CRL", "callvet lab", "US"})}};
  }
  return request;
}

inline CertificateAuthority NewRoot(KeyKind kind = KeyKind::kEcP256) {
  PrivateKey key = NewKey(kind);
  auto root = IssueRoot(Request(ProfileRole::kRoot), key);
  EXPECT_TRUE(root.has_value());
  return {*root, std::move(key)};
}

inline CertificateAuthority NewCa(const CertificateAuthority& issuer,
                                  const CertificateRequest& request) {
  PrivateKey key = NewKey();
  auto ca = IssueCertificate(request, key.public_key(), issuer);
  EXPECT_TRUE(ca.has_value());
  return {*ca, std::move(key)};
}

}  // namespace callvet
