// SPDX-License-Identifier: MIT
#include "callvet/certificate_source.h"

#include <string>

#include "base/clock.h"
#include "pki/certificate.h"

namespace callvet {

bool CertificateSource::IsAtHand(std::string_view /*x5u*/) const {
  return true;
}

Result<TnAuthList> CertificateSource::GetTnAuthList(std::string_view url,
                                                    const Deadline& /*deadline*/) const {
  return Fail(Reason::kTnAuthListNotAvailable,
              "this source does not fetch TNAuthLists: " + std::string(url.substr(0, 200)));
}

void CertificateSource::AddTo(std::string_view /*x5u*/, Footprint& /*footprint*/) const {}

}  // namespace callvet
