// SPDX-License-Identifier: MIT
#include "rotation/pool_share.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.h"

namespace callvet {
namespace {

constexpr size_t kMaxNotesAtOnce = 20'000;
constexpr size_t kMaxHot = 10'000;
constexpr size_t kCommandsAtOnce = 1'000;
constexpr size_t kMaxSample = 32;
constexpr std::string_view kKeepSeconds = "3900";  // the longest window and its minute
constexpr int64_t kMaxMinutes = 61;

std::string Hex(uint64_t value) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(16, '0');
  for (size_t i = 0; i < 16; ++i) text[15 - i] = kDigits[(value >> (4 * i)) & 15U];
  return text;
}

std::string TagOf(const SourceId& id) {
  return "callvet:pool:{" + Hex(id.high) + Hex(id.low) + "}:";
}

std::string KeyOfMinute(const std::string& tag, int64_t minute, char part) {
  return tag + std::to_string(minute) + ":" + part;
}

std::string ReleaseKey(const std::string& tag) {
  return tag + "released";
}

// What Redis counted, which may be anything.
uint64_t CountOf(int64_t number) {
  constexpr int64_t kMost = 1'000'000'000'000;
  return static_cast<uint64_t>(std::clamp<int64_t>(number, 0, kMost));
}

int64_t NumberOf(const std::string& text) {
  int64_t value = 0;
  for (const char c : text) {
    if (!IsDigit(c) || value > INT64_MAX / 10 - 10) return 0;
    value = value * 10 + (c - '0');
  }
  return value;
}

}  // namespace

struct PoolShare::Count {
  uint64_t calls = 0;
  uint64_t rejects = 0;
  uint64_t new_callers = 0;
  std::set<std::string> callers;  // hashes
  std::set<std::string> callees;
};

struct PoolShare::Source {
  std::string tag;
  CallSource source;
  std::vector<PoolCallSample> sample;
  uint64_t calls_of_minute = 0;  // the most that Redis counted in one
};

void PoolShare::Add(Note note) {
  const std::lock_guard lock(mutex_);
  if (notes_.size() >= options_.max_queue) {
    ++not_shared_;
    return;
  }
  notes_.push_back(std::move(note));
}

void PoolShare::AddRelease(const SourceId& id, CallTime until) {
  const std::lock_guard lock(mutex_);
  releases_.emplace_back(id, until);
}

Result<void> PoolShare::Connect() {
  if (connection_) return {};
  auto opened = RedisConnection::Open(options_);
  if (!opened) return opened.error();
  connection_ = std::move(*opened);
  return {};
}

std::deque<PoolShare::Note> PoolShare::Take(size_t limit) {
  std::deque<Note> taken;
  const std::lock_guard lock(mutex_);
  if (notes_.size() <= limit) {
    taken.swap(notes_);
    return taken;
  }
  const auto end = notes_.begin() + static_cast<std::ptrdiff_t>(limit);
  taken.assign(std::make_move_iterator(notes_.begin()), std::make_move_iterator(end));
  notes_.erase(notes_.begin(), end);
  return taken;
}

void PoolShare::Aggregate(std::deque<Note>& notes, Counts& counts, Sources& sources) {
  for (Note& note : notes) {
    const std::string tag = TagOf(note.id);
    Count& count = counts[{tag, note.minute}];
    ++count.calls;
    if ((note.flags & HashedCall::kRefused) != 0) ++count.rejects;
    if ((note.flags & HashedCall::kNewCaller) != 0) ++count.new_callers;
    if ((note.flags & HashedCall::kHasCaller) != 0) count.callers.insert(Hex(note.caller));
    if ((note.flags & HashedCall::kHasCallee) != 0) count.callees.insert(Hex(note.callee));
    Source& source = sources[tag];
    source.tag = tag;
    source.source = std::move(note.source);
    if (source.sample.size() < kMaxSample) source.sample.push_back(std::move(note.sample));
  }
}

Result<void> PoolShare::SendReleases(CallTime now) {
  std::vector<std::pair<SourceId, CallTime>> releases;
  {
    const std::lock_guard lock(mutex_);
    releases = releases_;
  }
  if (releases.empty()) return {};
  std::vector<RedisConnection::Command> commands;
  for (const auto& [id, until] : releases) {
    const auto left = std::chrono::ceil<std::chrono::seconds>(until - now).count();
    if (left <= 0) continue;
    commands.push_back({"SET", ReleaseKey(TagOf(id)),
                        std::to_string(until.time_since_epoch().count()), "EX",
                        std::to_string(left)});
  }
  if (auto answers = connection_->Run(commands); !answers) return answers.error();
  const std::lock_guard lock(mutex_);
  releases_.erase(releases_.begin(),
                  releases_.begin() + static_cast<std::ptrdiff_t>(releases.size()));
  return {};
}

Result<void> PoolShare::SendCounts(const Counts& counts, Sources& sources) {
  std::vector<RedisConnection::Command> commands;
  std::vector<std::pair<size_t, const std::string*>> totals;  // which answer is whose count
  const auto run = [&]() -> Result<void> {
    auto answers = connection_->Run(commands);
    if (!answers) return answers.error();
    for (const auto& [index, tag] : totals) {
      Source& source = sources[*tag];
      const auto calls = CountOf((*answers)[index].integer);
      source.calls_of_minute = std::max(source.calls_of_minute, calls);
    }
    commands.clear();
    totals.clear();
    return {};
  };
  for (const auto& [place, count] : counts) {
    const auto& tag = place.first;  // no bindings: clang 14 lets no lambda have them
    const auto minute = place.second;
    const auto add = [&](char part, const std::set<std::string>& hashes) {
      if (hashes.empty()) return;
      const std::string key = KeyOfMinute(tag, minute, part);
      RedisConnection::Command command = {"PFADD", key};
      command.insert(command.end(), hashes.begin(), hashes.end());
      commands.push_back(std::move(command));
      commands.push_back({"EXPIRE", key, std::string(kKeepSeconds)});
    };
    const std::string key = KeyOfMinute(tag, minute, 'n');
    totals.emplace_back(commands.size(), &tag);
    commands.push_back({"HINCRBY", key, "calls", std::to_string(count.calls)});
    commands.push_back({"HINCRBY", key, "rejects", std::to_string(count.rejects)});
    commands.push_back({"HINCRBY", key, "new", std::to_string(count.new_callers)});
    commands.push_back({"EXPIRE", key, std::string(kKeepSeconds)});
    add('a', count.callers);
    add('b', count.callees);
    if (commands.size() < kCommandsAtOnce) continue;
    if (auto ok = run(); !ok) return ok;
  }
  return run();
}

// Of one source: by the window of each rule that applies to it.
Result<void> PoolShare::AskSource(const Question& question, Source& source, const Sink& sink) {
  const int64_t last =
      std::chrono::floor<std::chrono::minutes>(question.now).time_since_epoch().count();
  std::vector<RedisConnection::Command> commands = {{"GET", ReleaseKey(source.tag)}};
  for (int64_t i = 0; i < kMaxMinutes; ++i) {
    commands.push_back(
        {"HMGET", KeyOfMinute(source.tag, last - i, 'n'), "calls", "rejects", "new"});
  }
  std::vector<const PoolRule*> rules;
  for (const PoolRule& rule : question.rules) {
    if (!rule.AppliesTo(source.source) || rule.max_variation) continue;
    rules.push_back(&rule);
    for (const char part : {'a', 'b'}) {
      RedisConnection::Command command = {"PFCOUNT"};
      for (int64_t i = 0; i <= rule.window.count() / 60; ++i) {
        command.push_back(KeyOfMinute(source.tag, last - i, part));
      }
      commands.push_back(std::move(command));
    }
  }
  const auto answers = connection_->Run(commands);
  if (!answers) return answers.error();
  const CallTime released{std::chrono::milliseconds(NumberOf(answers->front().text))};
  if (released > question.now) {
    sink.released(source.source, released);
    return {};
  }
  for (size_t r = 0; r < rules.size(); ++r) {
    PoolFigures figures;
    figures.window = rules[r]->window;
    uint64_t new_callers = 0;
    for (int64_t i = 0; i <= rules[r]->window.count() / 60 && i < kMaxMinutes; ++i) {
      const auto& fields = (*answers)[static_cast<size_t>(1 + i)].elements;
      if (fields.size() != 3) continue;
      figures.calls += CountOf(NumberOf(fields[0].text));
      figures.rejects += CountOf(NumberOf(fields[1].text));
      new_callers += CountOf(NumberOf(fields[2].text));
    }
    const size_t at = 1 + static_cast<size_t>(kMaxMinutes) + 2 * r;
    figures.callers = std::min(CountOf((*answers)[at].integer), figures.calls);
    figures.callees = std::min(CountOf((*answers)[at + 1].integer), figures.calls);
    if (question.learning == SourceWindow::Learning::kOver) {
      figures.new_callers = std::min(new_callers, figures.callers);
    }
    if (!rules[r]->Matches(figures)) continue;
    sink.flag({source.source, rules[r]->name, rules[r]->action, question.now,
               question.now + rules[r]->hold, figures, source.sample,
               FlaggedPool::CountedBy::kShared});
  }
  return {};
}

// Reading costs more than counting: only sources are asked about that call much, all processes
// together. A pool that breaks a rule has a minute with its share of the calls.
Result<void> PoolShare::AskRules(const Question& question, Sources& sources, const Sink& sink) {
  if (question.rules.empty()) return {};
  uint64_t least = UINT64_MAX;
  for (const PoolRule& rule : question.rules) {
    least = std::min(least, rule.min_calls / (2 * static_cast<uint64_t>(rule.window.count() / 60)));
  }
  const int64_t minute =
      std::chrono::floor<std::chrono::minutes>(question.now).time_since_epoch().count();
  std::erase_if(hot_, [&](const auto& entry) { return entry.second < minute; });
  for (auto& [tag, source] : sources) {
    if (source.calls_of_minute > least && (hot_.size() < kMaxHot || hot_.contains(tag))) {
      hot_[tag] = minute + kMaxMinutes;
    }
    if (!hot_.contains(tag)) continue;
    if (auto ok = AskSource(question, source, sink); !ok) return ok;
  }
  return {};
}

void PoolShare::Failed(const Failure& failure, uint64_t not_shared) {
  connection_.reset();
  since_failure_.emplace();
  const std::lock_guard lock(mutex_);
  ++failures_;
  not_shared_ += not_shared;
  last_failure_ = failure.detail;
}

void PoolShare::Drain(const Question& question, const Sink& sink) {
  if (since_failure_ && since_failure_->Elapsed() < options_.retry) return;
  if (auto ok = Connect(); !ok) return Failed(ok.error(), 0);
  if (auto ok = SendReleases(question.now); !ok) return Failed(ok.error(), 0);
  std::deque<Note> notes = Take(kMaxNotesAtOnce);
  const uint64_t count = notes.size();
  Counts counts;
  Sources sources;
  Aggregate(notes, counts, sources);
  // What became of a batch that failed is not known: it is not sent twice.
  if (auto ok = SendCounts(counts, sources); !ok) return Failed(ok.error(), count);
  {
    const std::lock_guard lock(mutex_);
    shared_ += count;
  }
  if (auto ok = AskRules(question, sources, sink); !ok) return Failed(ok.error(), 0);
  since_failure_.reset();
  const std::lock_guard lock(mutex_);
  last_failure_.clear();
}

void PoolShare::Describe(PoolStatistics& statistics) const {
  const std::lock_guard lock(mutex_);
  statistics.shared = shared_;
  statistics.not_shared = not_shared_;
  statistics.share_queue = notes_.size();
  statistics.share_failures = failures_;
  statistics.last_failure = last_failure_;
}

}  // namespace callvet
