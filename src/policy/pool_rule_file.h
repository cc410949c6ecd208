// SPDX-License-Identifier: MIT
#pragma once

#include "callvet/rotation.h"
#include "policy/strict_object.h"

namespace callvet {

/// Reads the array `pools` of the policy `root`, if there is one, into `rules`.
void ReadPoolRules(StrictObject& root, PoolRules& rules);

}  // namespace callvet
