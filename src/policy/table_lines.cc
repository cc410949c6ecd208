// SPDX-License-Identifier: MIT
#include "policy/table_lines.h"

#include <array>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "policy/csv.h"

namespace callvet {
namespace {

constexpr size_t kMaxColumns = CsvFields::kMaxFields;
using RowFields = std::array<std::string_view, kMaxColumns>;

std::string Header(const TableColumns& columns) {
  std::string text;
  for (const std::string_view name : columns.names) {
    if (!text.empty()) text += ',';
    text += name;
  }
  return text;
}

// How many columns the header line has.
Result<size_t> ReadHeader(std::string_view line, const TableColumns& columns) {
  CsvFields fields;
  if (!fields.Split(line)) return Fail(Reason::kFileInvalid, "the header cannot be read");
  for (size_t i = 0; i < fields.size(); ++i) {
    if (i < columns.names.size() && fields[i] == columns.names[i]) continue;
    const std::string_view nearest = NearestWord(fields[i], columns.names);
    return Fail(Reason::kFileInvalid,
                "the header must be " + Header(columns) + "; column " + std::to_string(i + 1) +
                    " is " + Quote(fields[i]) +
                    (nearest.empty() ? "" : " (near to \"" + std::string(nearest) + "\")"));
  }
  if (fields.size() < columns.required)
    return Fail(Reason::kFileInvalid, "the header must be " + Header(columns));
  return fields.size();
}

// One row of JSON. The texts that `fields` borrow are kept in `json`.
Result<void> ReadJsonRow(std::string_view line, const TableColumns& columns, JsonValue& json,
                         RowFields& fields) {
  auto read = ReadJson(line);
  if (!read) return Fail(Reason::kFileInvalid, read.error().detail);
  json = std::move(*read);
  const JsonMembers* members = json.AsObject();
  if (members == nullptr) return Fail(Reason::kFileInvalid, "not a JSON object");
  fields.fill({});
  for (const auto& [name, value] : *members) {
    size_t column = 0;
    while (column < columns.names.size() && columns.names[column] != name) ++column;
    if (column == columns.names.size()) {
      const std::string_view nearest = NearestWord(name, columns.names);
      return Fail(Reason::kFileInvalid,
                  Quote(name) + " is not known" +
                      (nearest.empty() ? "" : ", near is \"" + std::string(nearest) + "\""));
    }
    const std::string* text = value.AsString();
    if (text == nullptr && !value.IsNull())
      return Fail(Reason::kFileInvalid, Quote(name) + " must be a string");
    if (text != nullptr) fields[column] = *text;
  }
  return {};
}

class TableReader {
 public:
  TableReader(const TableColumns& columns, const TableRowReader& read)
      : columns_(columns), read_(read) {}

  Result<void> Line(std::string_view line, size_t number) {
    const std::string_view trimmed = Trim(line);
    if (trimmed.empty() || trimmed.front() == '#') return {};
    if (form_ == Form::kUnknown) {
      form_ = trimmed.front() == '{' ? Form::kJson : Form::kCsv;
      if (form_ == Form::kCsv) return Start(trimmed);
    }
    return form_ == Form::kJson ? JsonRow(trimmed, number) : CsvRow(trimmed, number);
  }
  [[nodiscard]] bool started() const { return form_ != Form::kUnknown; }
  // Without a header nothing else can be understood.
  [[nodiscard]] bool hopeless() const { return form_ == Form::kCsv && csv_columns_ == 0; }

 private:
  enum class Form { kUnknown, kCsv, kJson };

  Result<void> Start(std::string_view line) {
    const auto count = ReadHeader(line, columns_);
    if (!count) return count.error();
    csv_columns_ = *count;
    return {};
  }

  Result<void> CsvRow(std::string_view line, size_t number) {
    if (!csv_.Split(line))
      return Fail(Reason::kFileInvalid, "quotes do not match, or too many fields");
    if (csv_.size() > csv_columns_ || csv_.size() < columns_.required) {
      return Fail(Reason::kFileInvalid, std::to_string(csv_.size()) + " fields, the header has " +
                                            std::to_string(csv_columns_));
    }
    for (size_t i = 0; i < columns_.names.size(); ++i) fields_[i] = csv_[i];
    return read_(TableFields(fields_.data(), columns_.names.size()), number);
  }

  Result<void> JsonRow(std::string_view line, size_t number) {
    if (auto ok = ReadJsonRow(line, columns_, json_, fields_); !ok) return ok.error();
    return read_(TableFields(fields_.data(), columns_.names.size()), number);
  }

  const TableColumns& columns_;
  const TableRowReader& read_;
  Form form_ = Form::kUnknown;
  size_t csv_columns_ = 0;
  CsvFields csv_;
  JsonValue json_;
  RowFields fields_;
};

}  // namespace

void ReadTable(const std::filesystem::path& file, const TableColumns& columns,
               const TableRowReader& read, std::vector<PolicyProblem>& problems) {
  const auto complain = [&](size_t line, const std::string& message) {
    problems.push_back({file.string(), line, 0, "", message});
  };
  auto lines = LineReader::Open(file);
  if (!lines) return complain(0, lines.error().detail);
  TableReader reader(columns, read);
  while (problems.size() < kMaxTableProblems) {
    const auto line = lines->Next();
    if (!line) return complain(lines->line_number(), line.error().detail);
    if (!*line) break;
    const bool first = lines->line_number() == 1;
    const auto ok =
        reader.Line(first ? WithoutByteOrderMark(**line) : **line, lines->line_number());
    if (!ok) complain(lines->line_number(), ok.error().detail);
    if (reader.hopeless()) return;
  }
  if (!reader.started()) complain(0, "the table is empty: it must have at least its header");
}

Result<std::chrono::sys_seconds> ParseDateOrTime(std::string_view text) {
  if (text.size() == 10 && text[4] == '-') return ParseTime(std::string(text) + "T00:00:00Z");
  return ParseTime(text);
}

}  // namespace callvet
