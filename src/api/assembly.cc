// SPDX-License-Identifier: MIT
#include "api/assembly.h"

#include "api/file_certificate_source.h"
#include "pki/es256.h"

namespace callvet {

Result<std::shared_ptr<const TrustStore>> LoadTrustStore(const VerifierSetup& setup) {
  TrustStoreBuilder builder;
  for (const auto& path : setup.anchors) {
    if (auto ok = builder.AddAnchorPath(path); !ok) return ok.error();
  }
  for (const auto& path : setup.crl_anchors) {
    if (auto ok = builder.AddCrlAnchorPath(path); !ok) return ok.error();
  }
  for (const auto& path : setup.crls) {
    if (auto ok = builder.AddCrlFile(path); !ok) return ok.error();
  }
  builder.SetRevocationPolicy(setup.revocation_policy);
  return builder.Build();
}

Result<std::unique_ptr<Verifier>> MakeVerifier(const VerifierSetup& setup) {
  auto store = LoadTrustStore(setup);
  if (!store) return store.error();
  auto source = FileCertificateSource::Load(setup.certificates);
  if (!source) return source.error();
  return std::make_unique<Verifier>(setup.options, std::move(*store), std::move(*source),
                                    setup.clock, std::make_shared<OpenSslEs256Engine>());
}

}  // namespace callvet
