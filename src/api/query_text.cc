// SPDX-License-Identifier: MIT
#include "api/query_text.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "evidence/packed_id.h"

namespace callvet {
namespace {

constexpr size_t kMaxAbout = 2000;

// A part of a query with its %XX and '+' decoded.
Result<std::string> Decode(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      decoded += ' ';
    } else if (text[i] != '%') {
      decoded += text[i];
    } else {
      const auto byte = BytesOfHex(text.substr(i + 1, 2));
      if (!byte || byte->size() != 1) {
        return Fail(Reason::kParameterInvalid, "the query has a '%' without two digits");
      }
      decoded += *byte;
      i += 2;
    }
  }
  return decoded;
}

}  // namespace

Result<std::string> ReadQueryText(std::string_view text, std::span<const std::string_view> names,
                                  const TakeParameter& take) {
  std::string about;
  std::set<std::string> seen;
  while (!text.empty()) {
    const size_t end = text.find('&');
    const std::string_view part = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (part.empty()) continue;
    const size_t equals = part.find('=');
    const auto name = Decode(part.substr(0, equals));
    if (!name) return name.error();
    const auto value = Decode(equals == std::string_view::npos ? "" : part.substr(equals + 1));
    if (!value) return value.error();
    if (std::ranges::find(names, *name) == names.end()) {
      return Fail(Reason::kParameterInvalid, Quote(*name) + " is no parameter here");
    }
    if (!seen.insert(*name).second) {
      return Fail(Reason::kParameterInvalid, Quote(*name) + " is there twice");
    }
    if (value->empty()) continue;
    if (auto ok = take(*name, *value); !ok) return ok.error();
    about += (about.empty() ? "" : "&") + *name + "=" + *value;
    if (about.size() > kMaxAbout) {
      return Fail(Reason::kParameterInvalid, "the query is too long");
    }
  }
  return about;
}

Result<void> CheckTimeOrder(std::optional<sys_seconds> from, std::optional<sys_seconds> to,
                            std::string_view mark) {
  if (!from || !to || *from <= *to) return {};
  const std::string name(mark);
  return Fail(Reason::kParameterInvalid, name + "from: " + FormatTime(*from) + " is later than " +
                                             name + "to: " + FormatTime(*to));
}

Result<std::string> ReasonParameter(const std::string& value) {
  if (FindReason(value) != nullptr) return value;
  return Fail(Reason::kParameterInvalid, "there is no reason with the id " + Quote(value));
}

Result<uint64_t> CountParameter(const std::string& value, uint64_t max) {
  auto number = ParseNumber(value, max);
  if (number && *number == 0) return Fail(Reason::kParameterInvalid, "is 0");
  return number;
}

}  // namespace callvet
