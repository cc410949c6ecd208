// SPDX-License-Identifier: MIT
#include "callvet/tn_auth_list.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <tuple>

#include "base/byte_reader.h"
#include "base/der_element.h"
#include "base/text.h"

namespace callvet {
namespace {

constexpr size_t kMaxNumber = 15;       // TelephoneNumber ::= IA5String SIZE(1..15), RFC 8226 9
constexpr size_t kMaxEntries = 10'000;  // budget; the largest known list has a few hundred
constexpr size_t kMaxSpc = 64;          // budget; real ones have 4 to 6 characters

// Numbers of one length as an interval of integers, both ends included.
struct Interval {
  size_t length;
  uint64_t first;
  uint64_t last;
};

bool IsNumberText(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNumber &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return IsDigit(c) || c == '#' || c == '*'; });
}

std::optional<uint64_t> DigitsValue(std::string_view digits) {
  uint64_t value = 0;
  for (const char c : digits) {
    if (!IsDigit(c)) return std::nullopt;
    value = value * 10 + static_cast<uint64_t>(c - '0');
  }
  return value;
}

uint64_t PowerOfTen(size_t exponent) {
  uint64_t value = 1;
  while (exponent-- > 0) value *= 10;
  return value;
}

std::optional<Interval> ToInterval(const TnAuthList::Range& range) {
  const auto first = DigitsValue(range.start);
  if (!first) return std::nullopt;
  return Interval{range.start.size(), *first, *first + range.count - 1};
}

std::string_view AsText(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Failure Malformed(std::string detail) {
  return Fail(Reason::kTnAuthListMalformed, "TNAuthList: " + std::move(detail));
}

Result<void> CheckSpc(std::string_view spc) {
  const bool ascii =
      std::all_of(spc.begin(), spc.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  if (spc.empty() || spc.size() > kMaxSpc || !ascii) return Malformed("SPC " + Quote(spc));
  return {};
}

Result<void> CheckRange(const TnAuthList::Range& range) {
  if (!IsNumberText(range.start)) return Malformed("number " + Quote(range.start));
  if (range.count == 1) return {};
  const auto first = DigitsValue(range.start);
  if (!first) return Malformed("a range may not begin with # or *: " + Quote(range.start));
  const uint64_t end = PowerOfTen(range.start.size());
  if (range.count == 0 || range.count >= end || *first >= end - range.count) {
    return Malformed("range " + Quote(range.start) + " +" + std::to_string(range.count) +
                     " runs past the last number of its length");
  }
  return {};
}

Result<std::string> ReadIa5(ByteReader& reader) {
  auto contents = reader.Read(der::kIa5String);
  if (!contents) return contents.error();
  return std::string(AsText(*contents));
}

// Sorted by length and first number, those that overlap or touch joined to one.
std::vector<Interval> Joined(std::vector<Interval> intervals) {
  std::sort(intervals.begin(), intervals.end(), [](const Interval& a, const Interval& b) {
    return std::tie(a.length, a.first) < std::tie(b.length, b.first);
  });
  std::vector<Interval> joined;
  for (const Interval& next : intervals) {
    if (!joined.empty() && joined.back().length == next.length &&
        next.first <= joined.back().last + 1) {
      joined.back().last = std::max(joined.back().last, next.last);
    } else {
      joined.push_back(next);
    }
  }
  return joined;
}

// `holders` as Joined gives them: only the last that begins at or before `wanted` can hold it.
bool Covered(const std::vector<Interval>& holders, const Interval& wanted) {
  const auto after = std::upper_bound(
      holders.begin(), holders.end(), wanted, [](const Interval& a, const Interval& b) {
        return std::tie(a.length, a.first) < std::tie(b.length, b.first);
      });
  if (after == holders.begin()) return false;
  const Interval& holder = *std::prev(after);
  return holder.length == wanted.length && holder.last >= wanted.last;
}

}  // namespace

Result<TnAuthList> TnAuthList::Parse(std::span<const uint8_t> der) {
  ByteReader reader(der, Reason::kTnAuthListMalformed);
  auto list = reader.Enter(der::kSequence);
  if (!list) return Malformed(list.error().detail);
  if (auto end = reader.ExpectEnd(); !end) return Malformed(end.error().detail);
  if (list->AtEnd()) return Malformed("no entry");

  std::vector<std::string> spcs;
  std::vector<Range> ranges;
  while (!list->AtEnd()) {
    if (spcs.size() + ranges.size() >= kMaxEntries) return Malformed("too many entries");
    const uint8_t tag = list->PeekTag();
    auto entry = list->Enter(tag);
    if (!entry) return Malformed(entry.error().detail);
    if (tag == der::Explicit(0)) {
      auto spc = ReadIa5(*entry);
      if (!spc) return Malformed(spc.error().detail);
      spcs.push_back(std::move(*spc));
    } else if (tag == der::Explicit(1)) {
      auto range = entry->Enter(der::kSequence);
      if (!range) return Malformed(range.error().detail);
      auto start = ReadIa5(*range);
      if (!start) return Malformed(start.error().detail);
      auto count = range->ReadUnsigned();
      if (!count) return Malformed(count.error().detail);
      // The type is extensible ("..."): later members may follow, each a DER element.
      while (!range->AtEnd()) {
        if (auto skipped = range->Read(range->PeekTag()); !skipped) {
          return Malformed(skipped.error().detail);
        }
      }
      if (*count < 2) return Malformed("a range of " + std::to_string(*count));
      ranges.push_back({std::move(*start), *count});
    } else if (tag == der::Explicit(2)) {
      auto one = ReadIa5(*entry);
      if (!one) return Malformed(one.error().detail);
      ranges.push_back({std::move(*one), 1});
    } else {
      return Malformed("entry with the unknown tag " +
                       ToHex(std::string_view(reinterpret_cast<const char*>(&tag), 1)));
    }
    if (auto end = entry->ExpectEnd(); !end) return Malformed(end.error().detail);
  }
  return Make(std::move(spcs), std::move(ranges));
}

Result<TnAuthList> TnAuthList::Make(std::vector<std::string> spcs, std::vector<Range> ranges) {
  if (spcs.empty() && ranges.empty()) return Malformed("no entry");
  if (spcs.size() + ranges.size() > kMaxEntries) return Malformed("too many entries");
  for (const std::string& spc : spcs) {
    if (auto ok = CheckSpc(spc); !ok) return ok.error();
  }
  for (const Range& range : ranges) {
    if (auto ok = CheckRange(range); !ok) return ok.error();
  }
  TnAuthList list;
  list.spcs_ = std::move(spcs);
  list.ranges_ = std::move(ranges);
  return list;
}

std::string TnAuthList::Encode() const {
  std::string entries;
  for (const std::string& spc : spcs_) {
    entries += DerElement(der::Explicit(0), DerElement(der::kIa5String, spc));
  }
  for (const Range& range : ranges_) {
    const std::string start = DerElement(der::kIa5String, range.start);
    entries += range.count == 1
                   ? DerElement(der::Explicit(2), start)
                   : DerElement(der::Explicit(1),
                                DerElement(der::kSequence, start + DerInteger(range.count)));
  }
  return DerElement(der::kSequence, entries);
}

bool TnAuthList::ContainsNumber(std::string_view tn) const {
  if (tn.size() > kMaxNumber) return false;
  const auto value = DigitsValue(tn);
  return std::any_of(ranges_.begin(), ranges_.end(), [&](const Range& range) {
    if (range.count == 1) return range.start == tn;
    const auto interval = ToInterval(range);
    return value && interval && interval->length == tn.size() && *value >= interval->first &&
           *value <= interval->last;
  });
}

bool TnAuthList::Authorizes(std::string_view tn) const {
  return !spcs_.empty() || ContainsNumber(tn);
}

bool TnAuthList::Encompasses(const TnAuthList& child) const {
  for (const std::string& spc : child.spcs_) {
    if (std::find(spcs_.begin(), spcs_.end(), spc) == spcs_.end()) return false;
  }
  if (!spcs_.empty()) return true;
  std::vector<Interval> holders;
  for (const Range& range : ranges_) {
    if (const auto interval = ToInterval(range)) holders.push_back(*interval);
  }
  holders = Joined(std::move(holders));
  return std::all_of(child.ranges_.begin(), child.ranges_.end(), [&](const Range& range) {
    const auto wanted = ToInterval(range);
    return wanted ? Covered(holders, *wanted) : ContainsNumber(range.start);
  });
}

TnAuthList TnAuthList::Union(const TnAuthList& other) const {
  TnAuthList both = *this;
  both.spcs_.insert(both.spcs_.end(), other.spcs_.begin(), other.spcs_.end());
  both.ranges_.insert(both.ranges_.end(), other.ranges_.begin(), other.ranges_.end());
  return both;
}

std::string TnAuthList::ToText() const {
  std::string text;
  const auto add = [&text](const std::string& item) { text += (text.empty() ? "" : ", ") + item; };
  for (const std::string& spc : spcs_) add("SPC " + spc);
  for (const Range& range : ranges_) {
    add(range.count == 1 ? range.start : range.start + " +" + std::to_string(range.count));
  }
  return text;
}

}  // namespace callvet
