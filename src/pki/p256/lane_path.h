// SPDX-License-Identifier: MIT
#pragma once

#include "pki/p256/path.h"

// What a path over LaneCurve needs beside the lanes, in ordinary code.

namespace callvet::p256 {

/// Path::build with coordinates times 2^260.
void BuildLaneTable(const Limbs& x, const Limbs& y, TableShape shape, std::span<AffinePoint> table);

/// The end of Path::match: X and ZZ of a sum in limbs of 52 bits, below 2^260.
Match MatchLaneSum(std::span<const uint64_t, 5> x, std::span<const uint64_t, 5> zz, const Limbs& r);

}  // namespace callvet::p256
