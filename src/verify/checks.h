// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace callvet {

/// The checks of one PASSporT, in the order in which they decide: the order of the outcome table of
/// ATIS-1000082 (conformance E3 to E18), with the checks that it does not name where they fit. The
/// type comes first, because a PASSporT of a type that is not judged is ignored and not refused
///
enum class CheckId : uint8_t {
  kPptSupported,
  kDateFresh,
  kIdentitySyntax,
  kForm,
  kInfo,
  kJoseHeader,
  kTyp,
  kAlg,
  kX5u,
  kPptSame,
  kClaims,
  kIatFresh,
  kAttest,
  kOrigid,
  kOrig,
  kDest,
  kMky,
  kDiv,
  kRph,
  kRcd,
  kMsgi,
  kSignatureForm,
  kCertificate,
  kChain,
  kIatInCertificate,
  kTnAuthList,
  kDelegation,
  kAuthority,
  kRphAuthority,
  kClaimConstraints,
  kSignature,
  kRcdContent,
  kRcdFirstParty,
  kDivChain,
};

struct CheckInfo {
  CheckId id;
  std::string_view name;    // Check::id
  std::string_view clause;  // Check::clause
};

inline constexpr auto kCheckTable = std::to_array<CheckInfo>({
    {CheckId::kPptSupported, "ppt-supported", "RFC 8225 8.1 (A-41, A-54)"},
    {CheckId::kDateFresh, "date-fresh", "RFC 8224 6.2 step 4 (A-45, A-50, D-5)"},
    {CheckId::kIdentitySyntax, "identity-syntax", "RFC 8224 4 (A-1, A-3, A-6, A-8)"},
    {CheckId::kForm, "form", "RFC 8225 7, ATIS-1000074 (A-18, E4)"},
    {CheckId::kInfo, "info", "RFC 8224 4, ATIS-1000074 (A-2, C-20)"},
    {CheckId::kJoseHeader, "jose-header", "RFC 8225 4 (A-7, A-10, A-20)"},
    {CheckId::kTyp, "typ", "RFC 8225 4.1 (A-10)"},
    {CheckId::kAlg, "alg", "RFC 8225 4.2 (A-10)"},
    {CheckId::kX5u, "x5u", "RFC 8224 6.2 step 2 (A-11)"},
    {CheckId::kPptSame, "ppt-same", "RFC 8225 8.1 (A-10)"},
    {CheckId::kClaims, "claims", "RFC 8225 5, RFC 8588 4 (A-12 to A-20, D-1, D-2)"},
    {CheckId::kIatFresh, "iat-fresh", "RFC 8224 6.2 step 4 (A-46, A-50, D-5)"},
    {CheckId::kAttest, "attest", "RFC 8588 4 (A-17)"},
    {CheckId::kOrigid, "origid", "RFC 8588 5 (A-17)"},
    {CheckId::kOrig, "orig", "RFC 8224 6.2 steps 3 and 4 (A-36, A-42, A-47, D-3)"},
    {CheckId::kDest, "dest", "RFC 8224 6.2 step 4 (A-36, A-47, D-4)"},
    {CheckId::kMky, "mky", "RFC 8225 5.2.2 (A-16)"},
    {CheckId::kDiv, "div", "RFC 8946 3 and 5 (F-1, F-7)"},
    {CheckId::kRph, "rph", "RFC 8443 4.2, RFC 9027 4 (F-10, F-12)"},
    {CheckId::kRcd, "rcd", "RFC 9795 5 and 6 (F-20 to F-23)"},
    {CheckId::kMsgi, "msgi", "RFC 9475 3 (F-30)"},
    {CheckId::kSignatureForm, "signature-form", "RFC 7518 3.4 (A-7, A-21)"},
    {CheckId::kCertificate, "certificate", "RFC 8224 6.2 step 2 (A-43, C-22)"},
    {CheckId::kChain, "chain", "RFC 8224 6.2 step 2, RFC 5280 6 (A-44, B-31, C-35, C-36)"},
    {CheckId::kIatInCertificate, "iat-in-certificate", "RFC 8224 6.2 step 4 (A-51, B-35)"},
    {CheckId::kTnAuthList, "tnauthlist", "RFC 8226 9 (B-1 to B-5, B-7)"},
    {CheckId::kDelegation, "delegation", "RFC 9060 (B-32)"},
    {CheckId::kAuthority, "authority", "RFC 8226 5, RFC 8946 4.2 (B-6, F-2)"},
    {CheckId::kRphAuthority, "rph-authority", "RFC 8443 4.2 (F-10)"},
    {CheckId::kClaimConstraints, "claim-constraints", "RFC 8226 8, RFC 9118 4 (B-20 to B-26)"},
    {CheckId::kSignature, "signature", "RFC 8224 6.2 step 5 (A-48)"},
    {CheckId::kRcdContent, "rcd-content", "RFC 9795 6 (F-23)"},
    {CheckId::kRcdFirstParty, "rcd-first-party", "RFC 9795 8 (F-25)"},
    {CheckId::kDivChain, "div-chain", "RFC 8946 4.2 (F-3 to F-8)"},
});

constexpr bool CheckTableIsOrdered() {
  for (size_t i = 0; i < kCheckTable.size(); ++i) {
    if (kCheckTable[i].id != static_cast<CheckId>(i)) return false;
  }
  return kCheckTable.size() == static_cast<size_t>(CheckId::kDivChain) + 1;
}
static_assert(CheckTableIsOrdered());

}  // namespace callvet
