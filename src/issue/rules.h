// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace callvet {

/// Whether a maker of this room refuses to make what a verifier or the SHAKEN profile would refuse.
enum class Rules : uint8_t {
  kEnforced,  // refuse, with the Reason that the verifier would give where there is one
  kIgnored,   // make it all the same, as far as it can be encoded: for tests and demonstrations
};

}  // namespace callvet
