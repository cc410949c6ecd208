// SPDX-License-Identifier: MIT
#include "pki/claim_constraints.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/byte_reader.h"
#include "base/text.h"
#include "base/utf8.h"

namespace callvet {
namespace {

constexpr size_t kMaxItems = 1'000;  // budget; real lists have a handful

using Names = std::vector<std::string>;

Failure ConstraintsMalformed(std::string_view detail) {
  return Fail(Reason::kClaimConstraintsMalformed, "JWTClaimConstraints: " + std::string(detail));
}

std::string_view AsText(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Result<std::string> ReadClaimName(ByteReader& reader) {
  auto contents = reader.Read(der::kIa5String);
  if (!contents) return ConstraintsMalformed(contents.error().detail);
  const std::string_view name = AsText(*contents);
  const bool ascii = std::all_of(contents->begin(), contents->end(),
                                 [](uint8_t byte) { return byte >= 0x20 && byte < 0x7F; });
  if (name.empty() || !ascii) return ConstraintsMalformed("claim name " + Quote(name));
  return std::string(name);
}

Result<std::string> ReadClaimValue(ByteReader& reader) {
  auto contents = reader.Read(der::kUtf8String);
  if (!contents) return ConstraintsMalformed(contents.error().detail);
  if (!IsUtf8(AsText(*contents))) return ConstraintsMalformed("a permitted value is not UTF-8");
  return std::string(AsText(*contents));
}

// SEQUENCE SIZE (1..MAX) OF what `read` reads.
template <class Read>
auto ReadList(ByteReader& reader, Read read)
    -> Result<std::vector<typename decltype(read(reader))::value_type>> {
  auto list = reader.Enter(der::kSequence);
  if (!list) return ConstraintsMalformed(list.error().detail);
  if (list->AtEnd()) return ConstraintsMalformed("an empty list");
  std::vector<typename decltype(read(reader))::value_type> items;
  while (!list->AtEnd()) {
    if (items.size() >= kMaxItems) return ConstraintsMalformed("too many items");
    auto item = read(*list);
    if (!item) return item.error();
    items.push_back(std::move(*item));
  }
  return items;
}

// JWTClaimValues ::= SEQUENCE { claim JWTClaimName, permitted SEQUENCE SIZE (1..MAX) OF UTF8String
// }
Result<ClaimConstraints::PermittedValues> ReadPermitted(ByteReader& reader) {
  auto values = reader.Enter(der::kSequence);
  if (!values) return ConstraintsMalformed(values.error().detail);
  auto claim = ReadClaimName(*values);
  if (!claim) return claim.error();
  auto permitted = ReadList(*values, ReadClaimValue);
  if (!permitted) return permitted.error();
  if (auto end = values->ExpectEnd(); !end) return ConstraintsMalformed(end.error().detail);
  return ClaimConstraints::PermittedValues{std::move(*claim), std::move(*permitted)};
}

// The optional member [tag] of `constraints`, EXPLICIT; `out` stays as it is when it is absent.
template <class T, class Read>
Result<void> ReadMember(ByteReader& constraints, uint8_t tag, Read read, std::vector<T>& out) {
  if (constraints.PeekTag() != der::Explicit(tag)) return {};
  auto member = constraints.Enter(der::Explicit(tag));
  if (!member) return ConstraintsMalformed(member.error().detail);
  auto list = ReadList(*member, read);
  if (!list) return list.error();
  if (auto end = member->ExpectEnd(); !end) return ConstraintsMalformed(end.error().detail);
  out = std::move(*list);
  return {};
}

// B-23 (RFC 9118 4): a certificate must not exclude what every PASSporT has.
bool ExcludesBaseClaim(const Names& must_exclude) {
  return std::any_of(must_exclude.begin(), must_exclude.end(), [](const std::string& name) {
    return name == "iat" || name == "orig" || name == "dest";
  });
}

}  // namespace

Result<ClaimConstraints> ClaimConstraints::Parse(std::span<const uint8_t> der, Form form) {
  ByteReader reader(der, Reason::kClaimConstraintsMalformed);
  auto body = reader.Enter(der::kSequence);
  if (!body) return ConstraintsMalformed(body.error().detail);
  if (auto end = reader.ExpectEnd(); !end) return ConstraintsMalformed(end.error().detail);

  ClaimConstraints constraints;
  if (auto ok = ReadMember(*body, 0, ReadClaimName, constraints.must_include); !ok) {
    return ok.error();
  }
  if (auto ok = ReadMember(*body, 1, ReadPermitted, constraints.permitted_values); !ok) {
    return ok.error();
  }
  if (form == Form::kEnhanced) {
    if (auto ok = ReadMember(*body, 2, ReadClaimName, constraints.must_exclude); !ok) {
      return ok.error();
    }
  }
  if (auto end = body->ExpectEnd(); !end) return ConstraintsMalformed(end.error().detail);
  // WITH COMPONENTS: at least one part is present.
  if (constraints.empty()) return ConstraintsMalformed("no part is present");
  if (ExcludesBaseClaim(constraints.must_exclude)) return ClaimConstraints();
  return constraints;
}

}  // namespace callvet
