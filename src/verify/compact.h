// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "callvet/passport.h"

namespace callvet {

/// A PASSporT rebuilt from a request for the compact form.
struct RebuiltPassport {
  std::string signing_input;  // base64url(header) "." base64url(payload)
  JsonValue payload;
  PartyClaim orig;
  std::string dest;
};

/// Rebuilds a base PASSporT by the deterministic serialisation of RFC 8225 9: header
/// {alg, typ, x5u}, payload {dest, iat, mky, orig}, `caller` and `called` as they are given (a tn
/// or a uri, in canonical form), `fingerprints` sorted, each once, with their algorithms in small
/// letters and their digests in capitals; without any there is no mky. Pure; thread-safe.
RebuiltPassport RebuildPassport(const std::string& x5u, sys_seconds date, const PartyClaim& caller,
                                const PartyClaim& called,
                                const std::vector<MediaKey>& fingerprints = {});

}  // namespace callvet
