// SPDX-License-Identifier: MIT
#include "repository/fetch_gate.h"

#include <algorithm>
#include <iterator>
#include <new>

#include "base/text.h"

namespace callvet {
namespace {

using std::chrono::seconds;

// Whether a failure says that the host, and not only this URL, is of no use now. A host that
// answers is not dead, however: whoever names URLs of it that it answers badly would shut it off.
bool IsOfTheHost(Reason reason) {
  return reason == Reason::kFetchDnsFailed || reason == Reason::kFetchConnectFailed ||
         reason == Reason::kFetchTlsFailed || reason == Reason::kFetchTimeout;
}

// Counts one who waits for a turn.
class Waiting {
 public:
  Waiting(std::unordered_map<std::string, size_t>& hosts, const std::string& name)
      : hosts_(hosts), name_(name) {
    ++hosts_[name_];
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() {
    const auto host = hosts_.find(name_);
    if (--host->second == 0) hosts_.erase(host);
  }

 private:
  std::unordered_map<std::string, size_t>& hosts_;
  const std::string& name_;
};

// Whether a document came, and is itself why it is of no use.
bool IsOfTheDocument(Reason reason) {
  return reason == Reason::kCertificateUnreadable ||
         Info(reason).reason_class == ReasonClass::kRefused;
}

}  // namespace

Failure FetchGate::Backoff(std::string_view whose, const State& state) {
  const Reason first = state.last.reason;
  return Fail(IsOfTheDocument(first) ? first : Reason::kFetchBackoff,
              std::string(whose) + " is not asked again before " + FormatTime(state.next_try) +
                  "; it failed at " + FormatTime(state.failed_at) + " with " +
                  std::string(Info(first).id) + ": " + state.last.detail);
}

std::string_view AuthorityOf(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return url;
  const std::string_view rest = url.substr(scheme + 3);
  return rest.substr(0, rest.find_first_of("/?#"));
}

const FetchGate::State* FetchGate::Table::Find(std::string_view name) const {
  const auto found = index.find(name);
  return found == index.end() ? nullptr : &*found->second;
}

FetchGate::State& FetchGate::Table::Touch(std::string_view name, size_t max) {
  if (const auto found = index.find(name); found != index.end()) {
    queue.splice(queue.end(), queue, found->second);
    return queue.back();
  }
  // What is under way keeps its count; there are few of these.
  for (size_t i = queue.size(); i > 0 && queue.size() >= std::max<size_t>(max, 1); --i) {
    if (queue.front().under_way > 0) {
      queue.splice(queue.end(), queue, queue.begin());
      continue;
    }
    index.erase(queue.front().name);
    queue.pop_front();
  }
  std::list<State> fresh(1);
  fresh.front().name = name;
  index.emplace(fresh.front().name, fresh.begin());
  queue.splice(queue.end(), fresh);
  return queue.back();
}

void FetchGate::Table::Erase(std::string_view name) {
  const auto found = index.find(name);
  if (found == index.end()) return;
  const auto position = found->second;
  index.erase(found);
  queue.erase(position);
}

std::optional<Failure> FetchGate::StandingLocked(std::string_view url, std::string_view host,
                                                 sys_seconds now) const {
  if (const State* state = urls_.Find(url); state != nullptr && now < state->next_try) {
    return Backoff("the URL", *state);
  }
  if (const State* state = hosts_.Find(host); state != nullptr && now < state->next_try) {
    return Backoff("the host", *state);
  }
  return std::nullopt;
}

std::optional<Failure> FetchGate::Standing(std::string_view url, sys_seconds now) const {
  const std::string host = ToLower(AuthorityOf(url));
  const std::lock_guard lock(mutex_);
  return StandingLocked(url, host, now);
}

Result<void> FetchGate::Enter(std::string_view url, sys_seconds now, const Deadline& patience) {
  const std::string name = ToLower(AuthorityOf(url));
  std::unique_lock lock(mutex_);
  auto entered = TryEnter(url, name, now);
  if (!MayWait(entered, name, patience)) return entered;
  const auto waiting = waiting_.find(name);
  const size_t others = waiting == waiting_.end() ? 0 : waiting->second;
  if (others >= options_.max_waiting_per_host) return entered;
  const Waiting counted(waiting_, name);
  while (MayWait(entered, name, patience)) {
    if (const auto left = patience.Left(); left == std::chrono::milliseconds::max()) {
      room_.wait(lock);
    } else {
      room_.wait_for(lock, left);
    }
    entered = TryEnter(url, name, now);
  }
  return entered;
}

bool FetchGate::MayWait(const Result<void>& entered, const std::string& name,
                        const Deadline& patience) const {
  if (entered || entered.error().reason != Reason::kFetchBusy || patience.Passed()) return false;
  const State* const host = hosts_.Find(name);
  return host == nullptr || !IsDead(*host);
}

Result<void> FetchGate::TryEnter(std::string_view url, const std::string& name, sys_seconds now) {
  if (auto standing = StandingLocked(url, name, now)) return *standing;
  if (under_way_ >= options_.max_under_way) {
    return Fail(Reason::kFetchBusy, std::to_string(under_way_) + " fetches are under way");
  }
  State& host = hosts_.Touch(name, options_.max_tracked);
  // A host that has been found dead is probed by one at a time.
  const size_t max = IsDead(host) ? size_t{1} : options_.max_under_way_per_host;
  if (host.under_way >= max) {
    return Fail(Reason::kFetchBusy,
                std::to_string(host.under_way) + " fetches from this host are under way");
  }
  ++host.under_way;
  ++under_way_;
  return {};
}

// The state of `url`'s host, with one fetch less under way. It is there since Enter, so that this
// needs no memory; as a rule near the end. nullptr against the contract of Leave and Abandon.
FetchGate::State* FetchGate::GiveBack(std::string_view url) {
  const std::string_view name = AuthorityOf(url);
  const auto found =
      std::find_if(hosts_.queue.rbegin(), hosts_.queue.rend(), [name](const State& host) {
        return host.under_way > 0 && EqualsIgnoreCase(host.name, name);
      });
  if (found == hosts_.queue.rend()) return nullptr;
  --under_way_;
  --found->under_way;
  room_.notify_all();
  hosts_.queue.splice(hosts_.queue.end(), hosts_.queue, std::prev(found.base()));
  return &hosts_.queue.back();
}

void FetchGate::Leave(std::string_view url, sys_seconds now,
                      const std::optional<Failure>& failure) noexcept {
  const std::lock_guard lock(mutex_);
  State* const host = GiveBack(url);
  if (host == nullptr) return;
  if (failure) {
    try {
      CountFailure(urls_.Touch(url, options_.max_tracked), now, *failure, 1);
      if (IsOfTheHost(failure->reason)) CountFailure(*host, now, *failure, options_.host_failures);
    } catch (const std::bad_alloc&) {  // forgotten
    }
    if (IsOfTheHost(failure->reason)) return;
  } else {
    urls_.Erase(url);
  }
  // It answered.
  host->failures = 0;
  host->next_try = {};
  if (host->under_way == 0) hosts_.Erase(host->name);
}

void FetchGate::Abandon(std::string_view url) noexcept {
  const std::lock_guard lock(mutex_);
  const State* const host = GiveBack(url);
  if (host != nullptr && host->under_way == 0 && host->failures == 0) hosts_.Erase(host->name);
}

// The `tolerated`-th failure in a row is the first that makes the next attempt wait.
void FetchGate::CountFailure(State& state, sys_seconds now, const Failure& failure,
                             uint32_t tolerated) const {
  constexpr uint32_t kMaxDoublings = 20;
  state.last = failure;
  state.failed_at = now;
  if (state.failures < tolerated + kMaxDoublings) ++state.failures;
  if (state.failures < tolerated) return;
  const seconds wait = options_.first_backoff * (int64_t{1} << (state.failures - tolerated));
  state.next_try = now + std::min(wait, options_.max_backoff);
}

void FetchGate::Forgive(std::string_view url) {
  const std::string name = ToLower(AuthorityOf(url));
  const std::lock_guard lock(mutex_);
  urls_.Erase(url);
  if (const State* host = hosts_.Find(name); host != nullptr && host->under_way == 0) {
    hosts_.Erase(name);
  }
}

void FetchGate::ForgiveAll() {
  const std::lock_guard lock(mutex_);
  urls_ = {};
  for (auto host = hosts_.queue.begin(); host != hosts_.queue.end();) {
    const auto next = std::next(host);
    if (host->under_way == 0) {
      hosts_.index.erase(host->name);
      hosts_.queue.erase(host);
    } else {
      host->failures = 0;
      host->next_try = {};
    }
    host = next;
  }
}

FetchPassage::~FetchPassage() {
  if (!entered_) return;
  if (abandoned_) {
    gate_.Abandon(url_);
  } else {
    gate_.Leave(url_, clock_.Now(), failure_);
  }
}

Result<void> FetchPassage::Enter(const Deadline& patience) {
  auto open = gate_.Enter(url_, clock_.Now(), patience);
  entered_ = open.has_value();
  return open;
}

}  // namespace callvet
