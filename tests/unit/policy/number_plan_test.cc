// SPDX-License-Identifier: MIT
#include "policy/number_plan.h"

#include <fstream>
#include <random>
#include <regex>

#include "base/text.h"
#include "policy/csv.h"
#include "policy_fixture.h"

namespace callvet::test {
namespace {

const NumberPlan& Plan(std::string_view name) {
  static const NumberPlan cn = NumberPlan::Parse(NumberPlan::BuiltIn("CN")).value();
  static const NumberPlan nanp = NumberPlan::Parse(NumberPlan::BuiltIn("NANP")).value();
  return name == "CN" ? cn : nanp;
}

CallNumber Number(std::string_view text, const char* country) {
  const DialPlan* plan = FindDialPlan(country);
  return CallNumber::Of(TelephoneNumber::Parse(text, plan).value(), plan);
}

struct FormCase {
  const char* country;
  std::string_view text;
  std::string_view shown;
  NumberForm form;
};

TEST(NumberPlan, H20_FormInWhichANumberArrivedIsKept) {
  const std::vector<FormCase> cases = {
      {"CN", "+8613800138000", "+8613800138000", NumberForm::kPlus},
      {"CN", "008613800138000", "+8613800138000", NumberForm::kInternationalPrefix},
      {"CN", "8613800138000", "+8613800138000", NumberForm::kCountryCode},
      {"CN", "013800138000", "+8613800138000", NumberForm::kNationalPrefix},
      {"CN", "13800138000", "+8613800138000", NumberForm::kBare},
      {"CN", "01058880100", "+861058880100", NumberForm::kNationalPrefix},
      {"CN", "+861058880100", "+861058880100", NumberForm::kPlus},
      {"CN", "95588", "95588", NumberForm::kBare},
      {"CN", "+8695588", "95588", NumberForm::kPlus},
      {"CN", "008695588", "95588", NumberForm::kInternationalPrefix},
      {"CN", "8695588", "95588", NumberForm::kCountryCode},
      {"CN", "+12155550100", "+12155550100", NumberForm::kPlus},
      {"CN", "0012155550100", "+12155550100", NumberForm::kInternationalPrefix},
      {"CN", "+95588123456", "+95588123456", NumberForm::kPlus},
      {"US", "+12155550100", "+12155550100", NumberForm::kPlus},
      {"US", "12155550100", "+12155550100", NumberForm::kCountryCode},
      {"US", "2155550100", "+12155550100", NumberForm::kBare},
      {"US", "011442079460100", "+442079460100", NumberForm::kInternationalPrefix},
      {"US", "911", "911", NumberForm::kBare},
  };
  for (const FormCase& c : cases) {
    const CallNumber number = Number(c.text, c.country);
    EXPECT_EQ(number.Text(), c.shown) << c.text;
    EXPECT_EQ(number.form, c.form) << c.text << " " << NumberFormText(number.form);
  }
}

struct RowCase {
  std::string_view text;
  std::string_view category;  // "" : none, "length": wrong length
  MayShow may_show;
};

TEST(NumberPlan, H2_Rows) {
  const std::vector<RowCase> cases = {
      {"13800138000", "mobile", MayShow::kOwnLine},
      {"17404001234", "satellite mobile", MayShow::kOwnLine},
      {"17406001234", "MIIT emergency communication", MayShow::kReserved},
      {"17000001234", "MVNO", MayShow::kOwnLine},
      {"+861062345678", "fixed line with 2-digit area code", MayShow::kOwnLine},
      {"1062345678", "SMS access", MayShow::kNobody},
      {"09515880100", "fixed line with 3-digit area code", MayShow::kOwnLine},
      {"9515880100", "call-centre access code (and extension)", MayShow::kHolder},
      {"95588", "enterprise customer service", MayShow::kHolder},
      {"+8695588", "enterprise customer service", MayShow::kHolder},
      {"96110", "provincial service", MayShow::kHolder},
      {"4008000100", "shared-cost inbound only", MayShow::kNobody},
      {"+864008000100", "shared-cost inbound only", MayShow::kNobody},
      {"10086", "carrier customer service", MayShow::kReserved},
      {"110", "emergency", MayShow::kReserved},
      {"15400001234", "mobile with a prefix that is not listed", MayShow::kOwnLine},
      {"+86138001380", "length", MayShow::kNobody},
      {"+861380013800012", "length", MayShow::kNobody},
      {"955", "", MayShow::kNobody},
      {"7", "", MayShow::kNobody},
  };
  for (const RowCase& c : cases) {
    bool wrong_length = false;
    const NumberPlan::Row* row = Plan("CN").Find(Number(c.text, "CN"), wrong_length);
    if (c.category.empty() || c.category == "length") {
      EXPECT_EQ(row, nullptr) << c.text << " " << row->category;
      if (c.category == "length") {
        EXPECT_TRUE(wrong_length) << c.text;
      }
      continue;
    }
    ASSERT_NE(row, nullptr) << c.text;
    EXPECT_EQ(row->category, c.category) << c.text;
    EXPECT_EQ(row->may_show, c.may_show) << c.text;
  }
}

TEST(NumberPlan, Nanp) {
  const std::vector<RowCase> cases = {
      {"+12155550100", "geographic and other numbers", MayShow::kOwnLine},
      {"+18005550100", "toll-free", MayShow::kOwnLine},
      {"+19005550100", "premium rate", MayShow::kNobody},
      {"+14115550100", "service code in place of an area code", MayShow::kUnassigned},
      {"+12159110100", "service code in place of an exchange", MayShow::kUnassigned},
      {"911", "emergency", MayShow::kReserved},
      {"411", "service code", MayShow::kNobody},
      {"+1215555010", "length", MayShow::kNobody},
      {"+11155550100", "", MayShow::kNobody},
      {"+12151550100", "", MayShow::kNobody},
  };
  for (const RowCase& c : cases) {
    bool wrong_length = false;
    const NumberPlan::Row* row = Plan("NANP").Find(Number(c.text, "US"), wrong_length);
    if (c.category.empty() || c.category == "length") {
      EXPECT_EQ(row, nullptr) << c.text;
      EXPECT_EQ(wrong_length, c.category == "length") << c.text;
      continue;
    }
    ASSERT_NE(row, nullptr) << c.text;
    EXPECT_EQ(row->category, c.category) << c.text;
    EXPECT_EQ(row->may_show, c.may_show) << c.text;
  }
}

// The published plan with regular expressions, row by row.
struct Published {
  std::regex regex;
  PlanForm form;
  char may_show;
};

std::vector<Published> PublishedPlan() {
  std::ifstream file(CALLVET_SOURCE_DIR "/tests/vectors/cn-numbering-plan.csv");
  std::vector<Published> rows;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    CsvFields fields;
    EXPECT_TRUE(fields.Split(line)) << line;
    rows.push_back({std::regex(std::string(fields[0])),
                    fields[2] == "e164" ? PlanForm::kE164 : PlanForm::kBare, fields[3].at(0)});
  }
  return rows;
}

char Letter(MayShow may_show) {
  return std::string_view("YLCNX").at(static_cast<size_t>(may_show));
}

TEST(NumberPlan, H2_H22_SameAsThePublishedRegularExpressions) {
  const auto published = PublishedPlan();
  ASSERT_EQ(published.size(), 27U);
  std::mt19937_64 random(42);
  const std::regex mobile_by_length(R"(1[3-9]\d{9})");
  size_t found = 0;
  for (int i = 0; i < 40000; ++i) {
    std::string digits;
    const size_t length = 3 + random() % 12;
    for (size_t j = 0; j < length; ++j) digits += static_cast<char>('0' + random() % 10);
    // Most prefixes of interest begin so.
    if (i % 2 == 0) digits[0] = i % 4 == 0 ? '1' : '9';
    for (const NumberForm form : {NumberForm::kBare, NumberForm::kPlus}) {
      const PlanForm first = form == NumberForm::kBare ? PlanForm::kBare : PlanForm::kE164;
      char expected = 0;
      for (const bool of_first : {true, false}) {
        for (const Published& row : published) {
          if (expected == 0 && (row.form == first) == of_first &&
              std::regex_match(digits, row.regex)) {
            expected = row.may_show;
          }
        }
      }
      if (expected == 0 && std::regex_match(digits, mobile_by_length)) expected = 'L';  // H-22
      CallNumber number{digits, NumberSpace::kNational, form};
      bool wrong_length = false;
      const NumberPlan::Row* row = Plan("CN").Find(number, wrong_length);
      ASSERT_EQ(row == nullptr ? 0 : Letter(row->may_show), expected) << digits;
      if (row != nullptr) ++found;
    }
  }
  EXPECT_GT(found, 1000U);
}

TEST(NumberPlan, LinesThatAreWrong) {
  const std::string head = "country,CN\n";
  const std::string good = "number,13,11,e164,L,mobile,source\n";
  EXPECT_THAT(NumberPlan::Parse(head + good), Succeeds());
  for (const std::string_view line :
       {"number,,11,e164,L,mobile,source", "number,1y,11,e164,L,mobile,source",
        "number,[9-1],11,e164,L,mobile,source", "number,[1,11,e164,L,mobile,source",
        "number,[],11,e164,L,mobile,source", "number,1,0,e164,L,mobile,source",
        "number,1,11-10,e164,L,mobile,source", "number,1,99,e164,L,mobile,source",
        "number,1,11,E164,L,mobile,source", "number,1,11,e164,Z,mobile,source",
        "number,1,11,e164,L,,source", "number,1,11,e164,L,mobile,", "number,1,11", "zone,86,8",
        "emergency,abc", "country,US", "nonsense", "number,1234567890123456,16,e164,L,a,b"}) {
    EXPECT_THAT(NumberPlan::Parse(head + good + std::string(line) + "\n"),
                FailsWith(Reason::kFileInvalid))
        << line;
  }
  EXPECT_THAT(NumberPlan::Parse(good), FailsWith(Reason::kFileInvalid));
  EXPECT_THAT(NumberPlan::Parse(head), FailsWith(Reason::kFileInvalid));
  EXPECT_THAT(NumberPlan::Parse("country,XX\n" + good), FailsWith(Reason::kFileInvalid));
  EXPECT_THAT(NumberPlan::Parse("country,XX,99\n" + good), Succeeds());
}

}  // namespace
}  // namespace callvet::test
