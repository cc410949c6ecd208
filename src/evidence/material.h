// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "callvet/evidence.h"
#include "callvet/result.h"
#include "callvet/verifier.h"
#include "pki/trust_store.h"

// What a verdict rests on beside the call: trust store, certificates, options. Each is kept once,
// under its SHA-256.

namespace callvet {

using SharedBlob = std::shared_ptr<const EvidenceBlob>;

/// The blob of `bytes`. Fails with kInternalError.
Result<SharedBlob> MakeBlob(std::string bytes);

/// Makes blobs of what many calls share, and remembers those made last, so that a call that brings
/// nothing new costs a look-up. Not thread-safe.
class MaterialEncoder {
 public:
  /// The member "material" of a record; what it names is added to `blobs`. `names` are the checks'
  /// names. Fails with kInternalError.
  Result<JsonMembers> Encode(const CallEvidence& evidence,
                             const std::vector<std::string_view>& names,
                             std::vector<SharedBlob>& blobs);

 private:
  struct TrustBlobs {
    std::string manifest;  // its SHA-256
    std::vector<SharedBlob> blobs;
  };
  /// Blobs by the object that they were made of, which is kept so that its address stays its own.
  template <class Object, class Blobs>
  class Memory {
   public:
    using Shared = std::shared_ptr<const Object>;
    explicit Memory(size_t size) : size_(size) {}
    const Blobs* Find(const Shared& object) const {
      const auto found = blobs_.find(object);
      return found == blobs_.end() ? nullptr : &found->second;
    }
    const Blobs& Add(const Shared& object, Blobs blobs) {
      if (blobs_.size() >= size_) blobs_.clear();
      return blobs_.insert_or_assign(object, std::move(blobs)).first->second;
    }

   private:
    size_t size_;
    std::map<Shared, Blobs> blobs_;
  };

  Result<const TrustBlobs*> TrustOf(const std::shared_ptr<const TrustStore>& store);
  Result<SharedBlob> BundleBlob(const std::shared_ptr<const CertificateBundle>& bundle);
  Result<SharedBlob> OptionsBlob(const std::shared_ptr<const VerifierOptions>& options);
  Result<SharedBlob> NamesBlob(const std::vector<std::string_view>& names);

  Memory<TrustStore, TrustBlobs> trust_{4};
  Memory<CertificateBundle, SharedBlob> bundles_{4096};
  Memory<VerifierOptions, SharedBlob> options_{16};
  std::vector<std::string> names_;
  SharedBlob names_blob_;
};

/// Gives the bytes of a blob by its SHA-256. Fails as EvidenceStore::GetBlob.
using BlobSource = std::function<Result<std::string>(std::string_view sha256)>;

/// What MaterialEncoder kept.
struct KeptMaterial {
  VerificationMaterial material;
  VerifierOptions options;
  std::vector<std::string> check_names;
};

/// Reads "material" back. Every blob is held against its SHA-256. Fails with kEvidenceAltered (also
/// for one that is missing), or like `blobs`.
Result<KeptMaterial> ReadMaterial(const JsonValue* json, const BlobSource& blobs);

/// The SHA-256s that the manifest of a trust store names. Whether `bytes` are one, only a record
/// says.
std::vector<std::string> ManifestBlobs(std::string_view bytes);

}  // namespace callvet
