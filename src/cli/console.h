// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>

#include "base/json.h"
#include "callvet/reason.h"
#include "callvet/result.h"

namespace callvet::cli {

/// What the program's exit code says; documented in README.md and stable.
enum class ExitCode : uint8_t {
  kVerified = 0,  // also: a command that has no verdict did what it was asked
  kNotVerified =
      1,           // the call does not pass; lint: an error was found; decode: the token is broken
  kUsage = 2,      // wrong options, or input that cannot be read
  kUndecided = 3,  // a certificate is not to be had, or something inside failed
};

ExitCode ExitCodeOf(Reason reason);

enum class Colour : uint8_t { kNone, kGreen, kRed, kYellow, kGrey, kBold };

/// Whether ForTerminal keeps line breaks.
enum class Lines : uint8_t { kOne, kMany };

/// `text` for people to see, whoever wrote it: certificates, claims and headers are chosen by
/// others and must not steer a terminal. Control characters (C0, DEL, C1), bytes that are not
/// UTF-8, and characters that reorder or hide text become '?'. One line is cut after 2,000 bytes
/// with "...". Pure; thread-safe.
std::string ForTerminal(std::string_view text, Lines lines = Lines::kOne);

/// Where commands write. Colours only on a terminal, and not where NO_COLOR is set.
class Console {
 public:
  Console(std::ostream& out, std::ostream& err, bool coloured)
      : out_(out), err_(err), coloured_(coloured) {}

  [[nodiscard]] std::ostream& out() const { return out_; }
  [[nodiscard]] std::ostream& err() const { return err_; }
  [[nodiscard]] std::string Paint(Colour colour, std::string_view text) const;

  /// Prints `value` over several lines, exactly: characters that could steer a terminal are escaped
  /// as \uXXXX, bytes that are not UTF-8 become U+FFFD.
  void PrintJson(const JsonValue& value) const;
  /// "callvet: <reason id>: <detail>" to the error stream; the exit code that belongs to it:
  /// kUndecided or kUsage.
  ExitCode Complain(const Failure& failure) const;
  void Warn(std::string_view text) const;

 private:
  std::ostream& out_;
  std::ostream& err_;
  bool coloured_;
};

/// True if colours may be written to standard output.
bool StandardOutputIsColoured();

}  // namespace callvet::cli
