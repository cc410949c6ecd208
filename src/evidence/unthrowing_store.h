// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "callvet/evidence.h"

namespace callvet {

/// `store` (not nullptr), whose methods may throw, as one that keeps EvidenceStore's word: an
/// exception, such as no memory, is kEvidenceUnavailable.
std::shared_ptr<EvidenceStore> Unthrowing(std::shared_ptr<EvidenceStore> store);

}  // namespace callvet
