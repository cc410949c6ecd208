// SPDX-License-Identifier: MIT
#include "policy/number_registry.h"

#include <algorithm>
#include <random>

#include "policy_fixture.h"

namespace callvet::test {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

TableNumber Key(std::string_view digits, NumberSpace space = NumberSpace::kE164) {
  return TableNumber::Make(digits, space).value();
}

struct Read {
  std::optional<NumberRegistry> table;
  std::vector<PolicyProblem> problems;
};

Read ReadText(std::string_view text, const char* country = nullptr) {
  const Folder folder;
  Read read;
  read.table =
      NumberRegistry::Read({folder.Write("numbers.csv", text)},
                           country == nullptr ? nullptr : FindDialPlan(country), read.problems);
  return read;
}

std::vector<size_t> LinesOf(const std::vector<PolicyProblem>& problems) {
  std::vector<size_t> lines;
  for (const PolicyProblem& problem : problems) lines.push_back(problem.line);
  return lines;
}

constexpr std::string_view kHeader = "first,last,holder,category,uses,hours,valid_from,valid_to\n";

TEST(NumberRegistry, FindsTheRangeAndItsEnds) {
  const Read read = ReadText(std::string(kHeader) +
                             "+12155550100,+12155550149,4321,marketing,voice "
                             "marketing,08:00-21:00,2026-01-01,2026-06-30\n"
                             "+12155550160,,acme\n");
  ASSERT_TRUE(read.table) << PolicyProblemText(read.problems.at(0));
  EXPECT_EQ(read.table->size(), 2U);
  const auto rights = read.table->Find(Key("12155550149"));
  ASSERT_TRUE(rights);
  EXPECT_EQ(rights->holder, "4321");
  EXPECT_EQ(rights->category, "marketing");
  EXPECT_TRUE(rights->Allows(NumberUse::kVoice));
  EXPECT_TRUE(rights->Allows(NumberUse::kMarketing));
  EXPECT_FALSE(rights->Allows(NumberUse::kCallback));
  EXPECT_EQ(rights->hours, (HourRange{8 * 60, 21 * 60}));
  EXPECT_TRUE(rights->ValidAt(kNow));
  EXPECT_FALSE(rights->ValidAt(kNow - days(30)));
  EXPECT_FALSE(rights->ValidAt(kNow + days(200)));
  EXPECT_TRUE(read.table->Find(Key("12155550100")));
  EXPECT_FALSE(read.table->Find(Key("12155550099")));
  EXPECT_FALSE(read.table->Find(Key("12155550150")));
  EXPECT_FALSE(read.table->Find(Key("12155550159")));
  EXPECT_FALSE(read.table->Find(Key("12155550161")));
  const auto other = read.table->Find(Key("12155550160"));
  ASSERT_TRUE(other);
  EXPECT_EQ(other->holder, "acme");
  EXPECT_FALSE(other->hours);
  EXPECT_TRUE(other->Allows(NumberUse::kInbound));
}

TEST(NumberRegistry, ValidityEndsWithItsLastDay) {
  const Read read =
      ReadText(std::string(kHeader) + "+12155550100,,4321,,,,2026-01-15,2026-01-15\n");
  ASSERT_TRUE(read.table);
  const auto rights = read.table->Find(Key("12155550100"));
  const sys_days day = std::chrono::floor<days>(kNow);
  EXPECT_TRUE(rights->ValidAt(day));
  EXPECT_TRUE(rights->ValidAt(day + days(1) - std::chrono::seconds(1)));
  EXPECT_FALSE(rights->ValidAt(day + days(1)));
  EXPECT_FALSE(rights->ValidAt(day - std::chrono::seconds(1)));
}

// +95 588... is in Myanmar, 95588 a Chinese code; other lengths are other numbers.
TEST(NumberRegistry, H20_SpacesAndLengthsAreKeptApart) {
  const Read read =
      ReadText(std::string(kHeader) + "95588,,bank\n+9558800,+9558899,carrier\n", "CN");
  ASSERT_TRUE(read.table) << PolicyProblemText(read.problems.at(0));
  EXPECT_EQ(read.table->Find(Key("95588", NumberSpace::kNational))->holder, "bank");
  EXPECT_FALSE(read.table->Find(Key("95588")));
  EXPECT_EQ(read.table->Find(Key("9558850"))->holder, "carrier");
  EXPECT_FALSE(read.table->Find(Key("09558850")));
  EXPECT_FALSE(read.table->Find(Key("955885")));
}

struct BadRow {
  std::string_view row;
  std::string_view why;
};

TEST(NumberRegistry, MalformedRowsAreRefusedWithTheirLines) {
  const std::vector<BadRow> rows = {
      {"12155550100,,4321", "no country is set, so no '+' means nothing"},
      {"+1215555010x,,4321", "a letter"},
      {"+1215555010012345,,4321", "16 digits"},
      {"+,,4321", "no digits"},
      {"+12155550101,+12155550100,4321", "backwards"},
      {"+12155550100,+121555501000,4321", "two lengths"},
      {"+12155550100,,", "no holder"},
      {"+12155550100", "fields are missing"},
      {"+012155550100,,4321", "no country code begins with 0"},
      {"+12155550100,,4321,marketting", "near to the category that has a meaning"},
      {"+12155550100,,4321,,fax", "use"},
      {"+12155550100,,4321,,,8-21", "hours"},
      {"+12155550100,,4321,,,08:00-08:00", "no hours"},
      {"+12155550100,,4321,,,08:00-25:00", "hours"},
      {"+12155550100,,4321,,,,yesterday", "date"},
      {"+12155550100,,4321,,,,2026-01-02,2026-01-01", "backwards"},
      {"+12155550100,,4321,,,,2026-02-30", "no such day"},
      {"+12155550100,,4321,,,,,,more", "too many fields"},
      {"\"+12155550100,,4321", "quote"},
  };
  for (const BadRow& bad : rows) {
    const Read read =
        ReadText(std::string(kHeader) + "+12155550190,,1234\n" + std::string(bad.row) + "\n");
    EXPECT_FALSE(read.table) << bad.why;
    EXPECT_EQ(LinesOf(read.problems), std::vector<size_t>{3}) << bad.why;
  }
}

TEST(NumberRegistry, TheCaseOfMarketingIsNoMatter) {
  const Read read = ReadText(std::string(kHeader) + "+12155550190,,1234,Marketing\n");
  ASSERT_TRUE(read.table);
  EXPECT_EQ(read.table->Find(Key("12155550190"))->category, NumberRights::kMarketingCategory);
  EXPECT_EQ(read.table->Holders(), (std::set<std::string_view>{"1234"}));
}

TEST(NumberRegistry, AllBadRowsAreReportedUpToALimit) {
  std::string text(kHeader);
  for (int i = 0; i < 100; ++i) text += "x\n";
  const Read read = ReadText(text);
  EXPECT_FALSE(read.table);
  EXPECT_EQ(read.problems.size(), NumberRegistry::kMaxProblems);
  EXPECT_EQ(read.problems.back().line, 21U);
}

TEST(NumberRegistry, OverlappingRowsAreRefusedWithTheirLines) {
  const Read read = ReadText(std::string(kHeader) +
                             "+12155550100,+12155550149,4321\n"
                             "+12155550150,+12155550160,4321\n"
                             "+12155550140,+12155550145,1234\n"
                             "+12155550160,,1234\n");
  EXPECT_FALSE(read.table);
  std::vector<size_t> lines = LinesOf(read.problems);
  std::sort(lines.begin(), lines.end());
  EXPECT_EQ(lines, (std::vector<size_t>{4, 5}));
}

TEST(NumberRegistry, OverlapsBetweenFilesAreFound) {
  const Folder folder;
  std::vector<PolicyProblem> problems;
  const auto a = folder.Write("a.csv", std::string(kHeader) + "+12155550100,+12155550149,4321\n");
  const auto b = folder.Write("b.csv", std::string(kHeader) + "+12155550149,,1234\n");
  EXPECT_FALSE(NumberRegistry::Read({a, b}, nullptr, problems));
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].file, b.string());
  EXPECT_EQ(problems[0].line, 2U);
}

TEST(NumberRegistry, HeaderMustBeRight) {
  for (const std::string_view header :
       {"first,last\n", "last,first,holder\n", "first,last,owner\n", "+12155550100,,4321\n",
        "first,last,holder,category,uses,hours,valid_from,valid_to,x\n"}) {
    const Read read = ReadText(std::string(header) + "+12155550100,,4321\n");
    EXPECT_FALSE(read.table) << header;
    EXPECT_EQ(LinesOf(read.problems), std::vector<size_t>{1}) << header;
  }
}

TEST(NumberRegistry, EmptyAndMissingFilesAreProblems) {
  EXPECT_FALSE(ReadText("").table);
  EXPECT_FALSE(ReadText("# nothing\n\n").table);
  const Read header_only = ReadText(kHeader);
  ASSERT_TRUE(header_only.table);
  EXPECT_FALSE(header_only.table->Find(Key("12155550100")));
  std::vector<PolicyProblem> problems;
  EXPECT_FALSE(NumberRegistry::Read({"/nonexistent/numbers.csv"}, nullptr, problems));
  EXPECT_EQ(problems.size(), 1U);
}

TEST(NumberRegistry, JsonLines) {
  const Read read = ReadText(
      "{\"first\":\"+12155550100\",\"last\":\"+12155550149\",\"holder\":\"4321\",\"uses\":"
      "\"service\"}\n"
      "# a comment\r\n"
      "{\"first\":\"+12155550160\",\"holder\":\"acme, Inc.\",\"last\":null}\r\n");
  ASSERT_TRUE(read.table) << PolicyProblemText(read.problems.at(0));
  EXPECT_EQ(read.table->Find(Key("12155550120"))->holder, "4321");
  EXPECT_EQ(read.table->Find(Key("12155550160"))->holder, "acme, Inc.");
}

TEST(NumberRegistry, JsonLinesThatAreWrong) {
  const std::string good = "{\"first\":\"+12155550100\",\"holder\":\"4321\"}\n";
  for (const std::string_view row :
       {"{\"first\":\"+12155550101\",\"holder\":7}", "{\"first\":\"+12155550101\"}", "[]", "{",
        "{\"first\":\"+12155550101\",\"holder\":\"a\",\"holder\":\"b\"}",
        "{\"first\":\"+12155550101\",\"holder\":\"a\",\"owner\":\"b\"}", "+12155550101,,4321",
        "{\"holder\":\"a\"}"}) {
    const Read read = ReadText(good + std::string(row) + "\n");
    EXPECT_FALSE(read.table) << row;
    EXPECT_EQ(LinesOf(read.problems), std::vector<size_t>{2}) << row;
  }
}

// A row that no call can match would protect nobody, unnoticed.
TEST(NumberRegistry, NumbersThatNoCallCanHaveAreRefused) {
  for (const std::string row : {"+86013800138001", "+861380013800123", "+8601058880150"}) {
    EXPECT_FALSE(ReadText("first,last,holder\n" + row + ",,bank\n", "CN").table) << row;
  }
  EXPECT_TRUE(ReadText("first,last,holder\n+8613800138001,,bank\n", "CN").table);
}

TEST(NumberRegistry, CodesMustBeInTheirOneForm) {
  for (const std::string_view number :
       {"+8695588", "8613800138000", "13800138000", "01058880100"}) {
    const Read read = ReadText(std::string(kHeader) + std::string(number) + ",,bank\n", "CN");
    EXPECT_FALSE(read.table) << number;
  }
}

// Random tables against a list that is walked through.
TEST(NumberRegistry, AgreesWithANaiveModel) {
  std::mt19937_64 random(20260115);
  const auto below = [&](uint64_t n) { return random() % n; };
  for (int round = 0; round < 60; ++round) {
    struct Range {
      uint64_t first;
      uint64_t last;
    };
    std::vector<Range> model;
    const size_t wanted = 1 + below(round % 10 == 0 ? 2000 : 300);
    const uint64_t universe = 10 * wanted;
    for (size_t i = 0; i < wanted; ++i) {
      const uint64_t first = below(universe);
      const Range range{first, std::min(universe - 1, first + below(6))};
      const bool overlaps = std::any_of(model.begin(), model.end(), [&](const Range& other) {
        return range.first <= other.last && other.first <= range.last;
      });
      if (!overlaps) model.push_back(range);
    }
    constexpr uint64_t kBase = 12155000000;
    std::string text(kHeader);
    for (size_t i = 0; i < model.size(); ++i) {
      text += "+" + std::to_string(kBase + model[i].first) + ",+" +
              std::to_string(kBase + model[i].last) + ",h" + std::to_string(i) + "\n";
    }
    const Read read = ReadText(text);
    ASSERT_TRUE(read.table) << PolicyProblemText(read.problems.at(0));
    ASSERT_EQ(read.table->size(), model.size());
    for (uint64_t number = 0; number < universe; ++number) {
      std::string expected;
      for (size_t i = 0; i < model.size(); ++i) {
        if (number >= model[i].first && number <= model[i].last) expected = "h" + std::to_string(i);
      }
      const auto found = read.table->Find(Key(std::to_string(kBase + number)));
      ASSERT_EQ(found ? std::string(found->holder) : "", expected) << number;
    }
  }
}

TEST(NumberRegistry, TakesLessThan64BytesARange) {
  std::string text(kHeader);
  for (int i = 0; i < 20000; ++i) {
    text += "+1" + std::to_string(2155000000 + i * 10) + ",+1" +
            std::to_string(2155000009 + i * 10) + "," + std::to_string(1000 + i % 500) + "\n";
  }
  const Read read = ReadText(text);
  ASSERT_TRUE(read.table);
  EXPECT_LT(read.table->bytes() / read.table->size(), 64U);
}

}  // namespace
}  // namespace callvet::test
