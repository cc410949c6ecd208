// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "callvet/policy.h"
#include "callvet/verifier.h"

namespace callvet {

/// What a policy has to know of the call that `request` describes, from `trunk`. Pure.
PolicyCall PolicyCallOf(const CallRequest& request, std::string trunk);

}  // namespace callvet
