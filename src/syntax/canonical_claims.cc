// SPDX-License-Identifier: MIT
#include "syntax/canonical_claims.h"

#include "base/clock.h"
#include "base/text.h"
#include "callvet/telephone_number.h"

namespace callvet {
namespace {

constexpr CharSet kDigits = CharSet::Where(IsDigit);
constexpr size_t kMaxTimeDigits = 18;  // of them all fit int64

// Of a JSON string that stands for itself.
constexpr CharSet kPlainChars =
    CharSet::Where([](char c) { return c >= ' ' && c < 0x7F && c != '"' && c != '\\'; });

// Each Take... takes one thing off the front and gives false to decline; what is left is then of no
// use.
class Reader {
 public:
  explicit Reader(std::string_view text) : left_(text) {}

  bool Take(std::string_view literal) {
    if (!left_.starts_with(literal)) return false;
    left_.remove_prefix(literal.size());
    return true;
  }
  // A string without its quotes, and the quote behind it.
  bool TakeString(std::string_view& text) {
    const size_t end = left_.find('"');
    if (end == std::string_view::npos) return false;
    text = left_.substr(0, end);
    left_.remove_prefix(end + 1);
    return kPlainChars.HasAll(text);
  }
  // Which the check of a tn claim lets pass.
  bool TakeNumber(std::string_view& number) {
    number = TakeWhile(kDigits);
    return !number.empty() && number.size() <= TelephoneNumber::kMaxCanonical && Take("\"");
  }
  bool TakeTime(int64_t& seconds) {
    const std::string_view digits = TakeWhile(kDigits);
    if (digits.empty() || digits.size() > kMaxTimeDigits || digits.front() == '0') return false;
    seconds = 0;
    for (const char c : digits) seconds = seconds * 10 + (c - '0');
    return seconds <= kLastSecond;
  }
  [[nodiscard]] bool AtEnd() const { return left_.empty(); }

 private:
  std::string_view TakeWhile(const CharSet& set) {
    const char* at = left_.data();
    const char* const end = at + left_.size();
    while (at != end && set.Has(*at)) ++at;
    const auto size = static_cast<size_t>(at - left_.data());
    const std::string_view taken(left_.data(), size);
    left_.remove_prefix(size);
    return taken;
  }

  std::string_view left_;
};

bool TakeNumbers(Reader& reader, std::vector<std::string>& numbers) {
  std::string_view number;
  do {
    if (!reader.TakeNumber(number)) return false;
    numbers.emplace_back(number);
  } while (reader.Take(",\""));
  return numbers.size() <= kMaxDest;
}

bool Read(Reader reader, Claims& claims) {
  std::string_view attest, orig, origid;
  if (!reader.Take(R"({"attest":")") || !reader.TakeString(attest) ||
      !reader.Take(R"(,"dest":{"tn":[")") || !TakeNumbers(reader, claims.dest.tn) ||
      !reader.Take(R"(]},"iat":)") || !reader.TakeTime(claims.iat) ||
      !reader.Take(R"(,"orig":{"tn":")") || !reader.TakeNumber(orig) ||
      !reader.Take(R"(},"origid":")") || !reader.TakeString(origid) || !reader.Take("}") ||
      !reader.AtEnd()) {
    return false;
  }
  claims.attest.emplace(attest);
  claims.orig.tn.emplace(orig);
  claims.origid.emplace(origid);
  return true;
}

}  // namespace

bool ReadCanonicalClaims(std::string_view payload, Claims& claims) {
  if (Read(Reader(payload), claims)) return true;
  claims.dest.tn.clear();
  claims.iat = 0;
  return false;
}

JsonValue PayloadOfCanonical(const Claims& claims) {
  return JsonMembers{
      {"attest", claims.attest.value()},
      {"dest", JsonMembers{{"tn", JsonArray(claims.dest.tn.begin(), claims.dest.tn.end())}}},
      {"iat", static_cast<uint64_t>(claims.iat)},
      {"orig", JsonMembers{{"tn", claims.orig.tn.value()}}},
      {"origid", claims.origid.value()}};
}

}  // namespace callvet
