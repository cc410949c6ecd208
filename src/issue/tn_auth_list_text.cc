// SPDX-License-Identifier: MIT
#include "issue/tn_auth_list_text.h"

#include <algorithm>
#include <string>

#include "base/text.h"

namespace callvet {
namespace {

constexpr uint64_t kMaxCount = 1'000'000'000'000'000;  // 10^15: numbers have 15 digits at most
constexpr size_t kOcnSize = 4;  // operating company numbers have four characters

Failure Bad(std::string_view text, std::string_view why) {
  return Fail(Reason::kParameterInvalid, Quote(text) + ": " + std::string(why));
}

// How many numbers lie from `first` to `last`, both included.
Result<uint64_t> CountTo(std::string_view first, std::string_view last) {
  const auto from = ParseNumber(first, kMaxCount);
  const auto to = ParseNumber(last, kMaxCount);
  if (!from || !to || first.size() != last.size() || *to < *from) {
    return Bad(last, "is no number as long as the first and not below it");
  }
  return *to - *from + 1;
}

// Takes `prefix` off `item`, letters in any case; false if it has another beginning.
bool TakePrefix(std::string_view& item, std::string_view prefix) {
  if (!EqualsIgnoreCase(item.substr(0, prefix.size()), prefix)) return false;
  item = Trim(item.substr(prefix.size()));
  return true;
}

bool LooksLikeSpc(std::string_view item) {
  return item.size() == kOcnSize
             ? std::all_of(item.begin(), item.end(),
                           [](char c) { return IsAlpha(c) || IsDigit(c); })
             : std::any_of(item.begin(), item.end(), [](char c) { return IsAlpha(c); });
}

Result<std::string> ParseSpc(std::string_view item) {
  std::string spc(item);
  for (char& c : spc) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  const bool good =
      std::all_of(spc.begin(), spc.end(), [](char c) { return IsAlpha(c) || IsDigit(c); });
  if (spc.empty() || !good) return Bad(item, "an SPC consists of A-Z and 0-9");
  return spc;
}

// TnAuthList::Make, its failure as one of our input.
Result<TnAuthList> Make(std::string_view text, std::vector<std::string> spcs,
                        std::vector<TnAuthList::Range> ranges) {
  auto list = TnAuthList::Make(std::move(spcs), std::move(ranges));
  if (!list) return Bad(text, list.error().detail);
  return list;
}

}  // namespace

Result<TnAuthList::Range> ParseTnRangeText(std::string_view text) {
  std::string_view rest = Trim(text);
  if (rest.starts_with('+')) rest.remove_prefix(1);
  const size_t mark = std::min(rest.find_first_of("+-"), rest.size());
  TnAuthList::Range range{std::string(Trim(rest.substr(0, mark))), 1};
  if (mark < rest.size()) {
    const std::string_view second = Trim(rest.substr(mark + 1));
    const auto count =
        rest[mark] == '+' ? ParseNumber(second, kMaxCount) : CountTo(range.start, second);
    if (!count || *count == 0) return Bad(text, "the second part is no count and no last number");
    range.count = *count;
  }
  const auto list = Make(text, {}, {range});
  if (!list) return list.error();
  return range;
}

Result<TnAuthList> ParseTnAuthListText(std::string_view text) {
  std::vector<std::string> spcs;
  std::vector<TnAuthList::Range> ranges;
  for (std::string_view rest = text;;) {
    const size_t comma = std::min(rest.find(','), rest.size());
    std::string_view item = Trim(rest.substr(0, comma));
    const bool is_spc = TakePrefix(item, "spc:") || TakePrefix(item, "spc ");
    const bool is_number = !is_spc && TakePrefix(item, "tn:");
    if (is_spc || (!is_number && LooksLikeSpc(item))) {
      auto spc = ParseSpc(item);
      if (!spc) return spc.error();
      spcs.push_back(std::move(*spc));
    } else {
      auto range = ParseTnRangeText(item);
      if (!range) return range.error();
      ranges.push_back(std::move(*range));
    }
    if (comma == rest.size()) break;
    rest.remove_prefix(comma + 1);
  }
  return Make(text, std::move(spcs), std::move(ranges));
}

}  // namespace callvet
