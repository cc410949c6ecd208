// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "base/json.h"
#include "pki/certificate.h"

namespace callvet {

/// The facts of a certificate: subject, issuer, serial, sha256, not_before, not_after, tnauthlist.
/// Pure; thread-safe.
JsonMembers CertificateJson(const Certificate& certificate);
/// Its TNAuthList for people: "" if it has none, "malformed: ..." if it cannot be read. Pure;
/// thread-safe.
std::string TnAuthListText(const Certificate& certificate);

}  // namespace callvet
