// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "callvet/result.h"
#include "callvet/tn_auth_list.h"

namespace callvet {

/// Reads one number or range of numbers as people write it, white space around the parts ignored:
///   12155550000                one number (B-1: 1 to 15 characters 0-9 # *)
///   12155550000+10000          that many numbers from the first on
///   12155550000-12155559999    first and last, both included, equally long
/// A '+' in front of a number is dropped; leading zeros count. Fails with kParameterInvalid, also
/// on what TnAuthList::Make refuses (B-3). Pure; thread-safe.
Result<TnAuthList::Range> ParseTnRangeText(std::string_view text);

/// Reads a whole list: items divided by commas, each a number, a range (above) or an SPC. An item
/// that begins with "spc:" or "SPC " is an SPC. Without that it is one if it holds a letter or is
/// of exactly four characters (an OCN such as 1234): write "tn:1234" for such a number. An SPC is
/// A-Z 0-9 (C-12; small letters are made capital). But for numbers of four digits it reads what
/// TnAuthList::ToText writes.
/// Fails with kParameterInvalid. Pure; thread-safe.
Result<TnAuthList> ParseTnAuthListText(std::string_view text);

}  // namespace callvet
