// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pki/certificate.h"

namespace callvet {

/// The place of a certificate in the SHAKEN profile (C.1).
enum class ProfileRole : uint8_t { kRoot, kIntermediate, kEndEntity };

/// "root", "intermediate" or "leaf".
std::string_view ProfileRoleText(ProfileRole role);

enum class LintLevel : uint8_t {
  kPass,
  kNotApplicable,  // not for this role, or what it speaks of is not there (another rule's matter)
  kNotice,         // broken, but issued before the rule was published: a renewal must change
  kWarning,        // broken, where the documents differ or one certificate is no proof
  kError,
};

/// What one rule says of one certificate.
struct LintFinding {
  std::string_view id;      // "C-5"; several findings may share it
  std::string_view rule;    // kebab-case name of the single requirement, stable: "subject-cn-spc"
  std::string_view clause;  // where it stands: "ATIS-1000080 v004"
  LintLevel level = LintLevel::kPass;
  std::string found;  // what the certificate has, for people; never empty
};

struct LintOptions {
  /// Nothing: guessed from the certificate (self-issued CA with a name, CA, other).
  std::optional<ProfileRole> role;
  /// Delegate certificates (ATIS-1000092) relax C-12, several numbers or ranges and CAs with a
  /// list, and C-13, claim constraints and a list by reference (from memory).
  bool delegate = false;
  /// Policy OIDs that C-10 accepts (C-15: configuration).
  std::vector<std::string> policy_oids = {"2.16.840.1.114569.1.1.3", "2.16.840.1.114569.1.1.4"};
};

/// Judges `certificate` by every rule of C-1 to C-15 that has a check, in the order of the table,
/// one finding per requirement, also those that pass or do not apply. `issuer` (may be null) is the
/// certificate that issued it, for C-3 and C-9. It is a lint (C-16): a finding says nothing about
/// trust. Thread-safe; no I/O.
std::vector<LintFinding> LintCertificate(const Certificate& certificate, const Certificate* issuer,
                                         const LintOptions& options = {});

/// The role that LintCertificate assumes when none is given.
ProfileRole GuessRole(const Certificate& certificate);

}  // namespace callvet
