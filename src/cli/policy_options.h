// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>

#include "callvet/policy.h"
#include "cli/console.h"

namespace callvet::cli {

/// The policy in `file`. Complains of every problem and gives nullptr if there is any.
std::shared_ptr<const Policy> PolicyOption(const std::string& file, const Console& console);

}  // namespace callvet::cli
