// SPDX-License-Identifier: MIT
#include "pki/p256/scalar.h"

#include "pki/p256/inverse.h"

namespace callvet::p256 {

Limbs MontgomeryInverse(const Limbs& a) {
  return Inverse<PortableSteps>::Of(a);
}

void MultipliersOf(Limbs (*invert)(const Limbs&), std::span<const SignedDigest> signatures,
                   std::span<Multipliers> multipliers) {
  if (signatures.empty()) return;
  // P. Montgomery's way: u2 of i holds, until it is known, the product of s of all up to i, each
  // factor but the first divided by 2^256.
  multipliers[0].u2 = signatures[0].s;
  for (size_t i = 1; i < signatures.size(); ++i) {
    multipliers[i].u2 = MontgomeryProduct<kOrder>(multipliers[i - 1].u2, signatures[i].s);
  }
  Limbs rest = invert(multipliers[signatures.size() - 1].u2);  // 2^256 / that product
  for (size_t i = signatures.size(); i-- > 0;) {
    const auto& [z, r, s] = signatures[i];
    const Limbs inverse = i == 0 ? rest : MontgomeryProduct<kOrder>(rest, multipliers[i - 1].u2);
    if (i != 0) rest = MontgomeryProduct<kOrder>(rest, s);
    multipliers[i] = {MontgomeryProduct<kOrder>(inverse, z), MontgomeryProduct<kOrder>(inverse, r)};
  }
}

}  // namespace callvet::p256
