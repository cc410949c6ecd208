// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace callvet {

/// For the end of a message about bytes that are not what was asked for: what they seem to be, such
/// as "; this is PEM of \"PRIVATE KEY\"", or "" if nothing can be said. Looks at the beginning and
/// shows nothing of it but the label of a PEM block. Pure; thread-safe.
std::string WhatItIs(std::string_view bytes);

}  // namespace callvet
