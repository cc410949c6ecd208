// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "callvet/result.h"

namespace callvet {

/// One PEM block: what stands between its BEGIN and END lines, decoded.
struct PemBlock {
  std::string label;  // "CERTIFICATE"
  std::string der;
};

/// True if `bytes` can only be DER: a SEQUENCE in the long length form, which no text begins with.
bool LooksLikeDer(std::string_view bytes);

/// `bytes` that look like DER, without the line ends and blanks that tools for text leave behind
/// the element. Whatever else follows it stays, for the reader to refuse. Pure; thread-safe.
std::string_view WithoutLineEnds(std::string_view der);

/// All PEM blocks of `bytes` in order, in the lax form of RFC 7468 3: indented, with blank lines,
/// on one line. Text around them is ignored, no block at all is an empty vector. A block that
/// cannot be read (a BEGIN line without its END, broken base64) refuses the whole input with
/// `reason`, and so do more than `max_blocks`. Pure; thread-safe.
Result<std::vector<PemBlock>> ReadPemBlocks(std::string_view bytes, Reason reason,
                                            size_t max_blocks = 16'384);

/// A "-----BEGIN `label`-----" block with lines of 64 characters (RFC 7468).
std::string WritePem(std::string_view label, std::string_view der);

}  // namespace callvet
