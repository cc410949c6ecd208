// SPDX-License-Identifier: MIT
#include "pki/p256/path.h"

#if defined(__x86_64__)

#include <cpuid.h>

#include "pki/p256/curve.h"
#include "pki/p256/field_adx.h"
#include "pki/p256/inverse_adx.h"

namespace callvet::p256 {
namespace {

bool HasAdx() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & bit_BMI) != 0 &&
         (b & bit_BMI2) != 0 && (b & bit_ADX) != 0;
}

}  // namespace

const Path& AdxPath() {
  static constexpr Path kPath = {"adx",
                                 HasAdx,
                                 Curve<AdxField, AdxSteps>::Build,
                                 Inverse<AdxSteps>::Of,
                                 Curve<AdxField, AdxSteps>::MatchSum,
                                 nullptr};
  return kPath;
}

}  // namespace callvet::p256

#else

namespace callvet::p256 {

const Path& AdxPath() {
  static constexpr Path kPath = {"adx", [] { return false; }, nullptr, nullptr, nullptr, nullptr};
  return kPath;
}

}  // namespace callvet::p256

#endif
