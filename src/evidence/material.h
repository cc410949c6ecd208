// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/json.h"
#include "callvet/evidence.h"
#include "callvet/result.h"
#include "callvet/verifier.h"
#include "evidence/canonical_text.h"
#include "evidence/note_bytes.h"
#include "pki/trust_store.h"

// What a verdict rests on beside the call: trust store, certificates, options. Each is kept once,
// under its SHA-256.

namespace callvet {

using SharedBlob = std::shared_ptr<const EvidenceBlob>;

/// The blob of `bytes`. Fails with kInternalError.
Result<SharedBlob> MakeBlob(std::string bytes);

/// Which object it was: that at this address, while the owner that is known here lives. Keeps no
/// object alive, and touches no count that other threads write.
template <class Object>
struct ObjectIdentity {
  explicit ObjectIdentity(const std::shared_ptr<const Object>& object)
      : address(object.get()), owner(object) {}
  [[nodiscard]] bool Is(const std::shared_ptr<const Object>& object) const {
    return address == object.get() && !owner.expired();
  }
  const Object* address;
  std::weak_ptr<const Object> owner;
};

/// What a call rests on that rests on one certificate file, and on nothing else of its own.
struct UsualMaterial {
  ObjectIdentity<CertificateBundle> certificates;
  ObjectIdentity<TrustStore> trust;
  ObjectIdentity<VerifierOptions> options;
  std::string url;  // of the certificates
  bool asks_for_content = false;
  bool checked = false;  // some PASSporT was
};

/// What calls of one signer have in common, noted once for all of them.
struct CallBasis {
  std::vector<SharedBlob> blobs;  // in the order in which `notes` mean them
  std::string names;              // their SHA-256s, 32 bytes each
  std::string notes;              // what the calls rest on, and who signed them
  /// Who `notes` say signed them; nullptr: they do not. Only to be compared.
  const SignerInfo* signer = nullptr;
  /// Of what it was made; nothing: of what other calls do not rest on. Its signer is of the
  /// certificate file then.
  std::optional<UsualMaterial> usual;
};
using SharedBasis = std::shared_ptr<const CallBasis>;

/// What evidence keeps of an answer: a blob, by its place among those that the notes go with, or
/// why there was none.
struct AnswerNotes {
  std::string_view url;
  std::string_view failed;  // the reason's id; "": there is a blob
  size_t blob = 0;
};

/// What evidence keeps of what a verdict rests on.
struct MaterialNotes {
  bool asks_for_content = false;
  std::vector<AnswerNotes> certificates;
  std::optional<size_t> checks;
  std::vector<AnswerNotes> contents;
  size_t options = 0;
  std::vector<AnswerNotes> tn_auth_lists;
  std::optional<size_t> trust;
};

/// What a basis says a verdict rests on, where it has `blobs` blobs.
MaterialNotes ReadMaterialNotes(NoteReader& notes, size_t blobs);

/// Writes the value of a record's member "material". `names` are the SHA-256s of the blobs.
void WriteMaterial(const MaterialNotes& material, const std::vector<std::string_view>& names,
                   CanonicalText& json);

/// Makes blobs of what many calls share, and remembers those made last, so that a call that brings
/// nothing new costs a look-up. Thread-safe. The blobs of a trust store are made once, and threads
/// that need them wait; of anything else that is new two threads may both make the blob.
class MaterialEncoder {
 public:
  /// Makes `basis` what `evidence` rests on. It was that of a call before, or nullptr: if it is the
  /// same again, nothing is looked up. Fails with kInternalError.
  Result<void> FindBasis(const CallEvidenceView& evidence, SharedBasis& basis);

 private:
  struct TrustBlobs {
    std::vector<SharedBlob> blobs;  // the last one is the manifest
  };
  using SharedTrustBlobs = std::shared_ptr<const TrustBlobs>;
  /// What was made of objects, while somebody else has them: certificates that were replaced do not
  /// live on here, and what was made of them goes when it is as much as what is in use. Which
  /// object it is tells its address, which is nobody else's while the owner that is known here
  /// lives: of one object there may be many owners with counts of their own (base/stripes.h).
  template <class Object, class Made>
  class Memory {
   public:
    using Shared = std::shared_ptr<const Object>;
    explicit Memory(size_t size) : size_(size) {}
    /// nullptr: nothing was made of it, or it is forgotten.
    [[nodiscard]] Made Find(const Shared& object) {
      const std::lock_guard lock(mutex_);
      const auto found = made_.find(object.get());
      return found == made_.end() || found->second.owner.expired() ? nullptr : found->second.made;
    }
    void Add(const Shared& object, const Made& made) {
      Map forgotten;  // freed while nobody waits
      const std::lock_guard lock(mutex_);
      if (made_.size() >= look_again_at_) {
        std::erase_if(made_, [](const auto& entry) { return entry.second.owner.expired(); });
        if (made_.size() >= size_) made_.swap(forgotten);
        look_again_at_ = std::min(size_, 2 * made_.size() + kFew);
      }
      made_.insert_or_assign(object.get(), Entry{object, made});
    }
    void Clear() {
      Map forgotten;
      const std::lock_guard lock(mutex_);
      made_.swap(forgotten);
    }

   private:
    struct Entry {
      std::weak_ptr<const Object> owner;
      Made made;
    };
    using Map = std::unordered_map<const Object*, Entry>;
    static constexpr size_t kFew = 16;
    size_t size_;
    size_t look_again_at_ = std::min(size_, kFew);
    std::mutex mutex_;
    Map made_;
  };
  Result<SharedTrustBlobs> TrustOf(const std::shared_ptr<const TrustStore>& store);
  Result<SharedTrustBlobs> MakeTrust(const TrustStore& store);
  Result<SharedBlob> BundleBlob(const std::shared_ptr<const CertificateBundle>& bundle);
  Result<SharedBlob> OptionsBlob(const std::shared_ptr<const VerifierOptions>& options);
  Result<SharedBlob> NamesBlob();
  Result<void> NoteCertificates(const VerificationMaterial& material,
                                std::vector<SharedBlob>& blobs, NoteWriter& notes);
  Result<void> NoteAll(const CallEvidenceView& evidence, bool checked,
                       std::vector<SharedBlob>& blobs, NoteWriter& notes);
  Result<CallBasis> Make(const CallEvidenceView& evidence, bool checked, const SignerInfo* signer);
  Result<SharedBasis> MakeUsual(const CallEvidenceView& evidence, bool checked,
                                const SignerInfo* signer);
  Result<SharedBasis> MakeOwn(const CallEvidenceView& evidence, bool checked);
  Result<SharedBasis> LookUp(const CallEvidenceView& evidence, bool checked,
                             const SignerInfo* signer);

  Memory<TrustStore, SharedTrustBlobs> trust_{4};
  std::mutex making_trust_;
  Memory<CertificateBundle, SharedBlob> bundles_{4096};
  Memory<CertificateBundle, SharedBasis> usual_{4096};
  Memory<VerifierOptions, SharedBlob> options_{16};
  std::mutex making_names_;
  SharedBlob names_;  // of the checks; nullptr until the first call needs them
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
