// SPDX-License-Identifier: MIT
#include "repository/tn_auth_list_fetch.h"

#include <cstdint>
#include <span>

#include "base/text.h"
#include "pki/pem.h"

namespace callvet {
namespace {

Failure ListNotAvailable(std::string_view url, const Failure& why) {
  return Fail(Reason::kTnAuthListNotAvailable, "the TNAuthList at " + Quote(url, 200) + ": " +
                                                   std::string(Info(why.reason).id) + ": " +
                                                   why.detail);
}

}  // namespace

std::optional<Result<TnAuthList>> TnAuthListFetcher::AtHand(std::string_view url) const {
  const sys_seconds now = clock_->Now();
  const std::lock_guard lock(mutex_);
  const auto found = index_.find(url);
  if (found == index_.end()) return std::nullopt;
  if (now < found->second->from || now >= found->second->until) return std::nullopt;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->list;
}

Result<TnAuthList> TnAuthListFetcher::Get(std::string_view url, const Deadline& deadline) const {
  if (auto kept = AtHand(url)) return std::move(*kept);
  if (deadline.Passed())
    return Fail(Reason::kDeadlineExceeded, "before the TNAuthList was fetched");
  auto list = flights_.Do(
      url, deadline, [&] { return Lead(url, deadline); }, [] { return std::optional<Failure>(); });
  if (list || list.error().reason != Reason::kFetchTimeout) return list;
  return ListNotAvailable(url, list.error());
}

Result<TnAuthList> TnAuthListFetcher::Lead(std::string_view url, const Deadline& deadline) const {
  if (auto kept = AtHand(url)) return std::move(*kept);
  const sys_seconds now = clock_->Now();
  // What came at this URL as an x5u says nothing of it: whoever calls chooses that.
  const std::string place = "TNAuthList " + std::string(url);
  FetchPassage passage(*gate_, *clock_, place);
  if (auto open = passage.Enter(deadline); !open) return ListNotAvailable(url, open.error());
  auto document = fetcher_->Fetch(url, UrlUse::kDocument, deadline);
  auto list =
      document ? Read(url, *document) : Result<TnAuthList>(ListNotAvailable(url, document.error()));
  // A caller in a hurry says nothing about the server.
  if (!document && deadline.Passed()) {
    passage.Abandoned();
    return list;
  }
  if (document) {
    passage.Succeeded();
  } else {
    passage.Failed(document.error());
  }
  Keep(url, list, now);
  return list;
}

Result<TnAuthList> TnAuthListFetcher::Read(std::string_view url,
                                           const FetchedDocument& document) const {
  if (document.body.size() > options_.max_bytes) {
    return Fail(Reason::kTnAuthListNotAvailable, "the TNAuthList is too large");
  }
  const std::string_view der = WithoutLineEnds(document.body);
  auto list = TnAuthList::Parse(
      std::span<const uint8_t>(reinterpret_cast<const uint8_t*>(der.data()), der.size()));
  if (!list) list.error().detail = "at " + Quote(url, 200) + ": " + list.error().detail;
  return list;
}

void TnAuthListFetcher::Keep(std::string_view url, const Result<TnAuthList>& list,
                             sys_seconds now) const {
  const sys_seconds until = now + (list ? options_.lifetime : options_.failure_lifetime);
  const std::lock_guard lock(mutex_);
  const auto drop = [this](std::list<Entry>::iterator entry) {
    index_.erase(entry->url);
    entries_.erase(entry);
  };
  if (const auto found = index_.find(url); found != index_.end()) drop(found->second);
  if (options_.max_entries == 0) return;
  if (entries_.size() >= options_.max_entries) drop(std::prev(entries_.end()));
  entries_.push_front({std::string(url), list, now, until});
  index_.emplace(entries_.front().url, entries_.begin());
}

}  // namespace callvet
