// SPDX-License-Identifier: MIT
#include "evidence/unthrowing_store.h"

#include <new>
#include <utility>

namespace callvet {
namespace {

// The details are short enough to need no memory themselves.
template <class Work>
auto Caught(Work work) noexcept -> decltype(work()) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return Fail(Reason::kEvidenceUnavailable, "no memory");
  } catch (...) {
    return Fail(Reason::kEvidenceUnavailable, "an exception");
  }
}

class UnthrowingStore final : public EvidenceStore {
 public:
  explicit UnthrowingStore(std::shared_ptr<EvidenceStore> store) : store_(std::move(store)) {}

  Result<void> Append(const std::vector<std::shared_ptr<const EvidenceRecord>>& records,
                      Seen seen) override {
    return Caught([&] { return store_->Append(records, seen); });
  }
  Result<EvidencePage> Find(const EvidenceQuery& query) override {
    return Caught([&] { return store_->Find(query); });
  }
  Result<StoredEvidence> Get(std::string_view id) override {
    return Caught([&] { return store_->Get(id); });
  }
  Result<std::string> GetBlob(std::string_view sha256) override {
    return Caught([&] { return store_->GetBlob(sha256); });
  }
  Result<ComplaintPage> FindComplaints(const ComplaintQuery& query) override {
    return Caught([&] { return store_->FindComplaints(query); });
  }
  Result<EvidenceReport> Report(const ReportQuery& query) override {
    return Caught([&] { return store_->Report(query); });
  }
  Result<void> VisitAll(EvidenceVisitor& visitor) override {
    return Caught([&] { return store_->VisitAll(visitor); });
  }
  Result<std::vector<EvidenceBlobUse>> Blobs() override {
    return Caught([&] { return store_->Blobs(); });
  }
  Result<int64_t> Prune(std::chrono::sys_days day) override {
    return Caught([&] { return store_->Prune(day); });
  }
  void StopPruning() override { store_->StopPruning(); }
  Result<void> Rekey(const EvidenceSigner& next) override {
    return Caught([&] { return store_->Rekey(next); });
  }

 private:
  std::shared_ptr<EvidenceStore> store_;
};

}  // namespace

std::shared_ptr<EvidenceStore> Unthrowing(std::shared_ptr<EvidenceStore> store) {
  return std::make_shared<UnthrowingStore>(std::move(store));
}

}  // namespace callvet
