// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "callvet/verifier.h"
#include "fuzz.h"
#include "issue/private_key.h"
#include "pki/certificate.h"
#include "pki/trust_store.h"

// What targets share that need somebody to trust: the keys and certificates of tests/fuzz/lab. What
// cannot be read ends the run.

namespace callvet::fuzz {

/// 2026-01-15T12:00:00Z: the time in which seeds are fresh.
inline constexpr sys_seconds kNow{std::chrono::seconds{1768478400}};

/// A file of the lab, and what it holds.
std::string LabFile(std::string_view name);
CertificateBundle LabBundle(std::string_view name);
const PrivateKey& LabKey(std::string_view name);  // "carrier" for carrier.key
/// Trusts the lab's root.
std::shared_ptr<const TrustStore> LabTrust();
/// Gives the certificates of https://cert.example.org/NAME.pem, of the lab, and no others.
std::shared_ptr<const CertificateSource> LabSource();

/// A call, from lines of a letter and a value: I Identity header, O caller, D called, T
/// Request-URI, t Date, R Resource-Priority, P Priority, M body of a MESSAGE.
CallRequest ReadCall(std::string_view text);

/// Whether the lab has signed what such a pass needs: some token of `identities` with a good
/// signature by the key of a certificate that its root vouches for and its x5u names, over the
/// bytes as they stand there, with one of `orig` as its caller, and fresh if it is the only one.
/// Found out without code of src/verify and src/pki.
bool VouchedFor(const CallRequest& call);

/// Whether some token of `identities` has a good signature of the lab, over the bytes as they stand
/// there, whoever it speaks for and whenever it was made. Of the compact form, whose bytes stand
/// elsewhere, that is not asked.
bool SignedByLab(const CallRequest& call);

/// `text` where every token that the lab signed, and that says kNow, says `now` and is signed anew.
std::string SignedAt(std::string_view text, sys_seconds now);

/// A folder of its own for a target that keeps files; who made it removes it.
std::filesystem::path ScratchFolder();

/// A mutator that lets tokens stay signed: takes one of the tokens in the input, changes its header
/// or claims, and has it signed by one of the lab's keys, mostly the one that its x5u names. Inputs
/// without tokens, and one in four of the others, are changed as libFuzzer does.
size_t MutateSigned(uint8_t* data, size_t size, size_t max_size, unsigned seed);

}  // namespace callvet::fuzz

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);
