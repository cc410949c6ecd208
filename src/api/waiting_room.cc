// SPDX-License-Identifier: MIT
#include "api/waiting_room.h"

#include <utility>

#include "base/clock.h"

namespace callvet {

// One place in the room, given back at the end; reports how long it was taken.
class WaitingRoom::Seat {
 public:
  explicit Seat(const WaitingRoom& room)
      : room_(room), taken_(room.waiting_.fetch_add(1) < room.max_waiting_) {
    if (!taken_) {
      room_.waiting_.fetch_sub(1);
      room_.refused_.fetch_add(1);
    }
  }
  Seat(const Seat&) = delete;
  Seat& operator=(const Seat&) = delete;
  ~Seat() {
    if (!taken_) return;
    room_.waiting_.fetch_sub(1);
    if (room_.on_wait_) room_.on_wait_(watch_.Elapsed());
  }
  [[nodiscard]] bool taken() const { return taken_; }

 private:
  const WaitingRoom& room_;
  bool taken_;
  Stopwatch watch_;
};

WaitingRoom::WaitingRoom(std::shared_ptr<const CertificateRepository> repository,
                         size_t max_waiting, std::function<void(std::chrono::microseconds)> on_wait)
    : repository_(std::move(repository)), max_waiting_(max_waiting), on_wait_(std::move(on_wait)) {}

Result<std::shared_ptr<const CertificateBundle>> WaitingRoom::Get(std::string_view x5u,
                                                                  const Deadline& deadline) const {
  using State = CertificateLookup::State;
  CertificateLookup lookup = repository_->Lookup(x5u);
  if (lookup.state == State::kFound) return std::move(lookup.bundle);
  if (lookup.state == State::kNegative) return std::move(lookup.failure);
  const Seat seat(*this);
  if (seat.taken()) return repository_->Get(x5u, deadline);
  if (lookup.state == State::kStale) return std::move(lookup.bundle);
  return Fail(Reason::kFetchBusy, "too many calls wait for certificates");
}

bool WaitingRoom::IsAtHand(std::string_view x5u) const {
  return repository_->IsAtHand(x5u);
}

Result<TnAuthList> WaitingRoom::GetTnAuthList(std::string_view url,
                                              const Deadline& deadline) const {
  if (auto at_hand = repository_->TnAuthListAtHand(url)) return std::move(*at_hand);
  const Seat seat(*this);
  if (seat.taken()) return repository_->GetTnAuthList(url, deadline);
  return Fail(Reason::kTnAuthListNotAvailable, "too many calls wait for certificates");
}

WaitingRoom::Statistics WaitingRoom::GetStatistics() const {
  return {waiting_.load(), refused_.load()};
}

}  // namespace callvet
