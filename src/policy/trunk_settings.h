// SPDX-License-Identifier: MIT
#pragma once

#include "policy/policy_data.h"
#include "policy/strict_object.h"

namespace callvet {

/// Reads the settings of one trunk, or the default ones, into `settings`, which holds what counts
/// for those that are not given.
void ReadTrunkSettings(StrictObject& object, TrunkSettings& settings);

}  // namespace callvet
