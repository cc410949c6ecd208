// SPDX-License-Identifier: MIT
// A Result is copied whole, or the copy throws and leaves both sides as they were.
#include <memory>
#include <type_traits>
#include <vector>

#include "callvet/result.h"
#include "faults/sweep.h"

namespace callvet::test {
namespace {

using Texts = std::vector<std::string>;

static_assert(std::is_copy_constructible_v<Result<void>>);
static_assert(std::is_copy_assignable_v<Result<std::string>>);
static_assert(!std::is_copy_constructible_v<Result<std::unique_ptr<int>>>);
static_assert(!std::is_copy_assignable_v<Result<std::unique_ptr<int>>>);
static_assert(std::is_nothrow_move_constructible_v<Result<void>>);
static_assert(std::is_nothrow_move_assignable_v<Result<void>>);
static_assert(std::is_nothrow_move_constructible_v<Result<std::unique_ptr<int>>>);
static_assert(std::is_nothrow_move_assignable_v<Result<std::unique_ptr<int>>>);

// None of the texts fits into a string itself.
Failure Unsigned() {
  return Fail(Reason::kNoIdentity, "the call of +12155550100 to +12155550101 is not signed");
}
Failure Refused() {
  return Fail(Reason::kSignatureInvalid, "the signature is of another key than the certificate's");
}
Result<Texts> FailedTexts() {
  return Refused();
}
Result<Texts> TwoTexts() {
  return Texts{std::string(50, 'a'), std::string(60, 'b')};
}
Result<Texts> OneText() {
  return Texts{std::string(70, 'c')};
}

template <class T>
bool Same(const Result<T>& a, const Result<T>& b) {
  if (a.has_value() != b.has_value()) return false;
  if (!a) return a.error().reason == b.error().reason && a.error().detail == b.error().detail;
  if constexpr (std::is_void_v<T>) {
    return true;
  } else {
    return *a == *b;
  }
}

template <class T>
void ExpectCopied(Result<T> (*make)()) {
  const Result<T> source = make();
  const Result<T> expected = make();
  const Outcomes outcomes = Sweep([&]() -> std::string_view {
    try {
      const Result<T> copy = source;
      return Same(copy, expected) ? "copied" : "HALF";
    } catch (const std::bad_alloc&) {
      return Same(source, expected) ? "thrown" : "SPOILT";
    }
  });
  EXPECT_THAT(outcomes,
              testing::UnorderedElementsAre(testing::Pair("in full: copied", 1),
                                            testing::Key("thrown"), testing::Key("allocations")));
}

template <class T>
void ExpectAssigned(Result<T> (*make_target)(), Result<T> (*make)()) {
  const Result<T> source = make();
  const Result<T> expected = make();
  const Result<T> before = make_target();
  const Outcomes outcomes = Sweep([&]() -> std::string_view {
    try {
      Result<T> target = make_target();
      try {
        target = source;
        return Same(target, expected) ? "assigned" : "HALF";
      } catch (const std::bad_alloc&) {
        return Same(source, expected) && Same(target, before) ? "thrown" : "SPOILT";
      }
    } catch (const std::bad_alloc&) {
      return "no target";
    }
  });
  EXPECT_EQ(outcomes.count("in full: assigned"), 1U);
  EXPECT_EQ(outcomes.count("thrown"), 1U);
  EXPECT_EQ(outcomes.count("HALF") + outcomes.count("SPOILT"), 0U)
      << testing::PrintToString(outcomes);
}

TEST(NoMemoryToCopyAResult, OfAFailure) {
  ExpectCopied<void>(+[]() -> Result<void> { return Refused(); });
  ExpectCopied<std::string>(+[]() -> Result<std::string> { return Refused(); });
  ExpectCopied<Texts>(FailedTexts);
}

TEST(NoMemoryToCopyAResult, OfAValue) {
  ExpectCopied<std::string>(+[]() -> Result<std::string> { return std::string(50, 'a'); });
  ExpectCopied<Texts>(TwoTexts);
}

TEST(NoMemoryToCopyAResult, OntoAnother) {
  ExpectAssigned<void>(
      +[]() -> Result<void> { return {}; }, +[]() -> Result<void> { return Refused(); });
  ExpectAssigned<Texts>(OneText, FailedTexts);
  ExpectAssigned<Texts>(OneText, TwoTexts);
  ExpectAssigned<Texts>(
      +[]() -> Result<Texts> { return Unsigned(); }, FailedTexts);
  ExpectAssigned<Texts>(FailedTexts, TwoTexts);
}

// What is asked of a copy when there is enough memory.
TEST(NoMemoryToCopyAResult, WithMemoryItIsTheSame) {
  Result<Texts> texts = TwoTexts();
  const Result<Texts> copy(texts);
  EXPECT_TRUE(Same(copy, texts));
  const Result<Texts>& itself = texts;
  texts = itself;
  EXPECT_TRUE(Same(copy, texts));
  Result<bool> failed = Refused();
  const Result<bool> failed_copy(failed);  // not a bool that says whether it failed
  EXPECT_FALSE(failed_copy.has_value());
}

}  // namespace
}  // namespace callvet::test
