// SPDX-License-Identifier: MIT
#include "pki/chain.h"

#include <utility>

#include "base/text.h"
#include "pki/path_builder.h"
#include "pki/path_validator.h"
#include "pki/revocation.h"

namespace callvet {
namespace {

// What the signing certificate itself must be, before anything is spent on its chain.
Result<void> CheckSigner(const Certificate& signer) {
  if (signer.is_ca()) {
    return Fail(Reason::kSignerIsCa, Quote(signer.subject()) + " is a CA certificate");
  }
  if (!signer.es256_key()) {
    return Fail(signer.es256_key().error().reason,
                Quote(signer.subject()) + ": " + signer.es256_key().error().detail);
  }
  if (!signer.has_digital_signature_usage()) {
    return Fail(Reason::kSignerKeyUsage,
                Quote(signer.subject()) + " has a key usage without digitalSignature");
  }
  return {};
}

}  // namespace

Result<VerifiedChain> VerifyChain(const CertificateBundle& bundle, const TrustStore& store,
                                  sys_seconds at, const ChainLimits& limits,
                                  const PathPreference& prefer) {
  if (bundle.empty()) return Fail(Reason::kCertificateUnreadable, "no certificate was given");
  const Certificate& signer = bundle[SignerIndex(bundle)];
  if (auto ok = CheckSigner(signer); !ok) return ok.error();

  VerifiedChain chain;  // the first valid path, until a preferred one replaces it
  chain.verified_at_ = at;
  const PathJudge judge = [&](const std::vector<Certificate>& path) -> Result<void> {
    if (auto ok = ValidatePath(path, at); !ok) return ok.error();
    auto revocation = CheckRevocation(path, store, at);
    if (!revocation) return revocation.error();
    const bool preferred = !prefer || prefer(path);
    if (preferred || chain.path_.empty()) {
      chain.path_ = path;
      chain.notes_ = std::move(*revocation);
    }
    if (!preferred) return Fail(Reason::kChainInvalid, "valid, but another path is looked for");
    return {};
  };
  const auto anchors = store.AnchorsAt(at);
  auto path = FindPath({signer, bundle, anchors, at, limits}, judge);
  if (!path && chain.path_.empty()) {
    if (anchors.size() != store.anchors().size()) {
      path.error().detail +=
          "; the STI-PA's trust list expired at " + FormatTime(*store.listed_until());
    }
    return path.error();
  }
  return chain;
}

}  // namespace callvet
