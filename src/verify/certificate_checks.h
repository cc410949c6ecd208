// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "base/clock.h"
#include "callvet/certificate_source.h"
#include "pki/chain_cache.h"
#include "pki/es256.h"
#include "pki/trust_store.h"
#include "verify/call.h"
#include "verify/claim_checks.h"
#include "verify/trail.h"

namespace callvet {

/// What the dear checks need beside the call. Borrowed.
struct CertificateContext {
  const std::shared_ptr<const TrustStore>& trust_store;
  const CertificateSource& source;
  const Es256Engine& engine;
  ChainCache* chain_cache;  // nullptr: none
  const Deadline& deadline;
  const Deadline& patience;  // until when it waits for what must be fetched
};

/// Runs the checks from kCertificate on of a PASSporT that passed all cheap ones, stops at the
/// first that fails, and records the signer in its verdict. All but kSignature of the full form:
/// gives the key that its signature is left to be verified with, which `candidate` keeps, and
/// RecordSignature takes what came of it. nullptr if a check failed, or in the compact form, whose
/// signature comes first. Thread-safe.
const Es256PublicKey* RunCertificateChecks(const Call& call, const CertificateContext& context,
                                           Candidate& candidate);

/// kSignature of the full form.
void RecordSignature(const Result<void>& result, Candidate& candidate);

}  // namespace callvet
