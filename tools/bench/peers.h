// SPDX-License-Identifier: MIT
// Other verifiers that Debian ships, as far as they were there when this was built.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "support/test_pki.h"

namespace callvet {

/// What they are to verify.
struct PeerToken {
  std::string identity;  // a whole Identity header value
  std::string x5u;
  std::string public_pem;  // of the signer
  std::string leaf_pem;
  std::string ca_pem;  // that issued the leaf
  const test::TestKey& key;
};

struct Peer {
  std::string name;
  std::string skipped;         // why it cannot be measured, or ""
  std::function<bool()> once;  // verifies the token once
};

std::vector<Peer> PeersFor(const PeerToken& token);

}  // namespace callvet
