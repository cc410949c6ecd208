// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "base/clock.h"
#include "callvet/result.h"
#include "pki/certificate.h"

namespace callvet {

/// RFC 5280 6.1 on exactly this path (target first, anchor last, at least two) at the time `at`, in
/// this order: strength of issuer keys and of signature algorithms; version 3 of all but the
/// anchor, CA flag, name, key identifiers and key usage of every issuer, extensions that cannot be
/// decoded or have bytes behind their value; critical extensions that nobody here understands; the
/// validity of every certificate, the anchor's too (B-35), both ends included; every signature
/// (Certificate::SignedBy); then, by OpenSSL, path length, name constraints and policies, and all
/// but times and signatures again.
///
/// Fails with kChainWeakKey, kChainInvalid, kCertificateExpired, kCertificateNotYetValid,
/// kChainUntrusted or kInternalError. Thread-safe; no I/O.
Result<void> ValidatePath(const std::vector<Certificate>& path, sys_seconds at);

/// X509_V_OK if `issuer` may have issued `child` by names, key identifiers and key usage, else
/// OpenSSL's code why not. What the child's authority key identifier says of the issuer's own
/// certificate (its issuer and serial) does not count beside a key identifier that fits: a CA has
/// several certificates for one key when it is renewed or cross-signed, and RFC 5280 6.1 takes any.
int CheckIssued(const Certificate& issuer, const Certificate& child);

/// The validity of one certificate alone. Fails with kCertificateExpired or
/// kCertificateNotYetValid.
Result<void> CheckValidity(const Certificate& certificate, sys_seconds at);

}  // namespace callvet
