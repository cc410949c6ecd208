// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "callvet/evidence.h"
#include "callvet/result.h"
#include "evidence/evidence_codec.h"
#include "evidence/material.h"

// One record with everything that it names, for somebody who has nothing else.

namespace callvet {

/// A bundle, read and found whole.
struct EvidenceBundle {
  StoredEvidence record;
  EvidenceText text;  // its private part was open in the bundle
  BlobSource blobs;
  std::string key_id;  // who signed the bundle
  JsonValue verdict;   // what the exporter came to; null: it says none
};

/// Makes a bundle of `record`: its text, what of it is sealed (opened with the codec's key), and
/// all blobs, and `verdict` (null: none), signed by `signer`. Fails with kNotPermitted if parties
/// are sealed and the codec has no key, or like ReadMaterial.
struct BundleParts {
  const StoredEvidence& record;
  const EvidenceCodec& codec;
  const BlobSource& blobs;
  const EvidenceSigner& signer;
  JsonValue verdict;
};
Result<JsonValue> MakeBundle(const BundleParts& parts);

/// Reads a bundle and checks that it is the one that was signed; `trusted_key` (PEM) is the only
/// key that may have signed it, without it the one that the bundle brings. Fails with kFileInvalid
/// if `text` is no bundle, with kEvidenceAltered if anything in it was changed, or another key
/// signed.
Result<EvidenceBundle> ReadBundle(std::string_view text,
                                  const std::optional<std::string>& trusted_key);

}  // namespace callvet
