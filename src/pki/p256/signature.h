// SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include "pki/p256/path.h"
#include "pki/p256/scalar.h"

namespace callvet::p256 {

/// ECDSA verification (FIPS 186-4 6.4). kUndecided for the cases that the incomplete addition
/// cannot do: they are rare, but whoever has the private key can make them. Pure; thread-safe;
/// allocates nothing.
Match MatchSignature(const Path& path, const Tables& tables, const SignedDigest& signature);

/// How many signatures are best verified together.
inline constexpr size_t kBatch = 8;

/// MatchSignature of each of `batch`, with its own key instead of that of `tables`.
void MatchSignatures(const Path& path, const Tables& tables, std::span<KeyedSignature> batch);

/// Whether `path` accepts known signatures and refuses what differs from them by one bit, alone and
/// with others: the test before a path is trusted. `with_generator` needs no table of a key. Throws
/// std::bad_alloc.
bool PassesSelfTest(const Path& path, const Tables& with_generator);

}  // namespace callvet::p256
