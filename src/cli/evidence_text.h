// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "cli/console.h"

// Evidence for people to read.

namespace callvet::cli {

/// The text of a member of `json`, safe for a terminal; "-" without one. Pure.
std::string Cell(const JsonValue& json, std::string_view name);

/// One line of a search.
void PrintEntry(const JsonValue& entry, const Console& console);

/// What was received of a call, and what was done with it, as EvidenceStoryJson says.
void PrintCall(const JsonValue& story, const Console& console);

/// The same of a record that is not of a call.
void PrintOther(const JsonValue& story, const Console& console);

/// Who is responsible for a call, as ResponsibleJson says.
void PrintResponsible(const JsonValue& responsible, const Console& console);

}  // namespace callvet::cli
