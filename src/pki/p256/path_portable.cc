// SPDX-License-Identifier: MIT
#include "pki/p256/curve.h"
#include "pki/p256/field_portable.h"
#include "pki/p256/scalar.h"

namespace callvet::p256 {

const Path& PortablePath() {
  static constexpr Path kPath = {"portable",
                                 [] { return true; },
                                 Curve<PortableField, PortableSteps>::Build,
                                 MontgomeryInverse,
                                 Curve<PortableField, PortableSteps>::MatchSum,
                                 nullptr};
  return kPath;
}

}  // namespace callvet::p256
