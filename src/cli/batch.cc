// SPDX-License-Identifier: MIT
#include "cli/batch.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>
#include <mutex>
#include <ostream>
#include <thread>
#include <utility>
#include <vector>

#include "api/call_verification.h"
#include "base/text.h"

namespace callvet::cli {
namespace {

using std::chrono::steady_clock;

constexpr size_t kChunkLines = 64;                // judged by one thread at a stretch
constexpr size_t kChunksPerThread = 8;            // read before the oldest is printed
constexpr size_t kMaxCallLine = size_t{1} << 20;  // as in the service
constexpr std::chrono::milliseconds kProgressInterval{200};

struct BatchCounts {
  // `rejected`: verified, and yet rejected by the policy.
  uint64_t verified = 0, rejected = 0, not_verified = 0, undecided = 0, unreadable = 0;

  [[nodiscard]] uint64_t all() const {
    return verified + rejected + not_verified + undecided + unreadable;
  }
  void Add(const BatchCounts& other) {
    verified += other.verified;
    rejected += other.rejected;
    not_verified += other.not_verified;
    undecided += other.undecided;
    unreadable += other.unreadable;
  }
  void Count(const ApiReply& reply) {
    if (reply.calls.empty()) {
      ++unreadable;
      return;
    }
    const CallSummary& call = reply.calls.front();
    const ExitCode code = ExitCodeOf(call.reason);
    if (code == ExitCode::kUndecided) {
      ++undecided;
    } else if (code == ExitCode::kVerified) {
      ++(call.disposition == "reject" ? rejected : verified);
    } else {
      ++not_verified;
    }
  }
};

struct BatchChunk {
  std::vector<std::string> lines;
  size_t bytes = 0;     // of the input
  std::string answers;  // a line each
  BatchCounts counts;
  bool judged = false;
};

// Lines of a stream, none of which takes more memory than kMaxCallLine.
class BatchReader {
 public:
  explicit BatchReader(std::istream& in) : in_(in), buffer_(kMaxCallLine + 1) {}

  // Empty at the end.
  BatchChunk Read() {
    BatchChunk chunk;
    while (chunk.lines.size() < kChunkLines && in_) ReadLine(chunk);
    return chunk;
  }
  [[nodiscard]] bool broken() const { return in_.bad(); }
  // Whether the input begins like JSON of several lines: an array, or an object with line breaks.
  [[nodiscard]] bool spread() const { return spread_; }

 private:
  void ReadLine(BatchChunk& chunk) {
    in_.getline(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
    const auto size = static_cast<size_t>(in_.gcount());
    chunk.bytes += size;
    const bool ended = in_.good();  // by a line break, which is counted
    std::string line(buffer_.data(), ended ? size - 1 : size);
    if (in_.fail() && !in_.eof() && size > 0) {  // longer: what is kept is too long to be a call
      in_.clear();
      in_.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
      chunk.bytes += static_cast<size_t>(in_.gcount());
      line.assign(kMaxCallLine + 1, ' ');
      line.front() = '{';
    }
    if (std::exchange(first_, false))
      line.erase(0, line.size() - WithoutByteOrderMark(line).size());
    const std::string_view text = Trim(TrimLines(line));
    if (text.empty()) return;
    if (std::exchange(first_call_, false)) spread_ = text.front() == '[' || text == "{";
    chunk.lines.push_back(std::move(line));
  }

  std::istream& in_;
  std::vector<char> buffer_;
  bool first_ = true;       // line, which may have a byte order mark
  bool first_call_ = true;  // line that is not blank
  bool spread_ = false;
};

// Chunks between the thread that reads and prints, and those that judge. Thread-safe.
class BatchQueue {
 public:
  void Put(BatchChunk chunk) {
    const std::lock_guard lock(mutex_);
    chunks_.push_back(std::make_unique<BatchChunk>(std::move(chunk)));
    waiting_.push_back(chunks_.back().get());
    changed_.notify_all();
  }
  [[nodiscard]] size_t size() const {
    const std::lock_guard lock(mutex_);
    return chunks_.size();
  }
  // The oldest, when it is judged. There must be one.
  std::unique_ptr<BatchChunk> TakeOldest() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return chunks_.front()->judged; });
    auto chunk = std::move(chunks_.front());
    chunks_.pop_front();
    return chunk;
  }
  // One to judge, or nullptr: it is over.
  BatchChunk* Next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return closed_ || !waiting_.empty(); });
    if (closed_) return nullptr;
    BatchChunk* chunk = waiting_.front();
    waiting_.pop_front();
    return chunk;
  }
  void SetJudged(BatchChunk& chunk) {
    const std::lock_guard lock(mutex_);
    chunk.judged = true;
    changed_.notify_all();
  }
  void Close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<BatchChunk>> chunks_;  // the oldest first
  std::deque<BatchChunk*> waiting_;
  bool closed_ = false;
};

// Threads that judge, as long as it lives.
class BatchJudges {
 public:
  BatchJudges(const BatchInput& input, std::shared_ptr<const VerificationCore> core,
              std::shared_ptr<const Policy> policy, BatchQueue& queue)
      : core_(std::move(core)), policy_(std::move(policy)), timeout_(input.timeout), queue_(queue) {
    for (size_t i = 0; i < input.threads; ++i) threads_.emplace_back([this] { Work(); });
  }
  BatchJudges(const BatchJudges&) = delete;
  BatchJudges& operator=(const BatchJudges&) = delete;
  ~BatchJudges() { queue_.Close(); }

 private:
  void Work() {
    CallBatch batch(core_, policy_);
    while (BatchChunk* chunk = queue_.Next()) {
      for (const ApiReply& reply : batch.Judge(chunk->lines, timeout_)) {
        chunk->counts.Count(reply);
        chunk->answers += reply.body;
        chunk->answers += '\n';
      }
      queue_.SetJudged(*chunk);
    }
  }

  std::shared_ptr<const VerificationCore> core_;
  std::shared_ptr<const Policy> policy_;
  std::chrono::milliseconds timeout_;
  BatchQueue& queue_;
  std::vector<std::jthread> threads_;  // ended before what they use
};

std::string Grouped(uint64_t number) {
  std::string text = std::to_string(number);
  for (size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, ",");
  return text;
}

std::string Fixed(double value) {
  std::array<char, 32> text{};
  (void)std::snprintf(text.data(), text.size(), "%.1f", value);
  return text.data();
}

// Tells how far it is.
class BatchProgress {
 public:
  BatchProgress(uint64_t bytes, const Console& console)
      : bytes_(bytes), console_(console), shown_(isatty(STDERR_FILENO) == 1) {}

  void Add(const BatchChunk& chunk) {
    counts_.Add(chunk.counts);
    done_bytes_ += chunk.bytes;
    const auto now = steady_clock::now();
    if (!shown_ || now - last_ < kProgressInterval) return;
    last_ = now;
    console_.err() << "\r" << Text() << Left() << "\033[K" << std::flush;
  }
  void Finish() const {
    if (shown_) console_.err() << "\r\033[K";
    console_.err() << "callvet: " << Text() << "\n" << std::flush;
  }
  [[nodiscard]] const BatchCounts& counts() const { return counts_; }

 private:
  [[nodiscard]] double Seconds() const {
    return std::chrono::duration<double>(steady_clock::now() - begin_).count();
  }
  [[nodiscard]] std::string Text() const {
    const double seconds = std::max(Seconds(), 1e-9);
    const auto rate = static_cast<uint64_t>(static_cast<double>(counts_.all()) / seconds);
    return Grouped(counts_.all()) + " calls in " + Fixed(seconds) + " s (" + Grouped(rate) +
           "/s): " + Grouped(counts_.verified) + " verified, " +
           (counts_.rejected > 0 ? Grouped(counts_.rejected) + " verified but rejected, " : "") +
           Grouped(counts_.not_verified) + " not verified, " + Grouped(counts_.undecided) +
           " not decided, " + Grouped(counts_.unreadable) + " unreadable";
  }
  // Unknown where the input has no size.
  [[nodiscard]] std::string Left() const {
    if (bytes_ == 0 || done_bytes_ == 0 || done_bytes_ > bytes_) return "";
    const double part = static_cast<double>(done_bytes_) / static_cast<double>(bytes_);
    return "; " + Fixed(100 * part) + " %, " + Fixed(Seconds() / part * (1 - part)) + " s left";
  }

  uint64_t bytes_;
  const Console& console_;
  bool shown_;
  BatchCounts counts_;
  uint64_t done_bytes_ = 0;
  steady_clock::time_point begin_ = steady_clock::now();
  steady_clock::time_point last_ = begin_;
};

ExitCode ExitCodeOfAll(const BatchCounts& counts) {
  if (counts.unreadable > 0) return ExitCode::kUsage;
  if (counts.undecided > 0) return ExitCode::kUndecided;
  return counts.not_verified + counts.rejected > 0 ? ExitCode::kNotVerified : ExitCode::kVerified;
}

// Reads, and prints what was judged. False: the answers cannot be written.
bool PassThrough(BatchReader& reader, size_t most, BatchQueue& queue, BatchProgress& progress,
                 const Console& console) {
  bool ended = false;
  for (;;) {
    if (!ended && queue.size() < most) {
      BatchChunk chunk = reader.Read();
      ended = chunk.lines.empty();
      if (!ended) queue.Put(std::move(chunk));
      continue;
    }
    if (queue.size() == 0) return true;
    const auto chunk = queue.TakeOldest();
    if (!(console.out() << chunk->answers << std::flush)) return false;
    progress.Add(*chunk);
  }
}

}  // namespace

ExitCode RunBatch(const BatchInput& input, const std::shared_ptr<const VerificationCore>& core,
                  const std::shared_ptr<const Policy>& policy, const Console& console) {
  std::ifstream file;
  std::error_code error;
  uint64_t bytes = 0;
  if (input.file != "-") {
    file.open(input.file, std::ios::binary);
    if (!file || std::filesystem::is_directory(input.file, error)) {
      return console.Complain(Fail(Reason::kFileUnreadable, input.file + ": cannot be read"));
    }
    if (std::filesystem::is_regular_file(input.file, error)) {
      bytes = std::filesystem::file_size(input.file, error);
      if (error) bytes = 0;
    }
  }
  BatchReader reader(input.file == "-" ? std::cin : file);
  BatchProgress progress(bytes, console);
  BatchQueue queue;
  bool written = false;
  {
    const BatchJudges judges(input, core, policy, queue);
    written = PassThrough(reader, input.threads * kChunksPerThread, queue, progress, console);
  }
  progress.Finish();
  if (reader.spread() && progress.counts().unreadable > 0) {
    console.Warn(input.file +
                 ": one object per line is read here, no array and no object of "
                 "several lines ('jq -c' makes such lines)");
  }
  if (!written) return ExitCode::kUndecided;  // main says why
  if (reader.broken()) {
    return console.Complain(Fail(Reason::kFileUnreadable, input.file + ": reading failed"));
  }
  return ExitCodeOfAll(progress.counts());
}

}  // namespace callvet::cli
