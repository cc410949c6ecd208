// SPDX-License-Identifier: MIT
#include "cli/verdict_text.h"

#include <algorithm>
#include <ostream>
#include <string>

namespace callvet::cli {
namespace {

std::string SipText(Reason reason) {
  const ReasonInfo& info = Info(reason);
  std::string text(VerstatText(info.verstat));
  if (info.sip_code != 0) {
    text = std::to_string(info.sip_code) + " " + std::string(info.sip_phrase) + ", " + text;
  }
  return text;
}

bool ChainPassed(const PassportVerdict& passport) {
  return std::any_of(passport.checks.begin(), passport.checks.end(), [](const Check& check) {
    return check.id == "chain" && check.outcome == CheckOutcome::kPassed;
  });
}

std::string SignerText(const PassportVerdict& passport) {
  if (!passport.signer) return "not looked at";
  std::string text;
  for (const std::string& spc : passport.signer->spcs) text += "SPC " + ForTerminal(spc) + " ";
  if (passport.signer->spcs.empty() && !passport.signer->tn_auth_list.empty()) {
    text += ForTerminal(passport.signer->tn_auth_list.substr(0, 60)) + " ";
  }
  text += ForTerminal(passport.signer->organization.empty() ? passport.signer->subject
                                                            : passport.signer->organization);
  return ChainPassed(passport) ? text : text + " (not trusted)";
}

// A signer may write anything into attest; the line to paste has the three values that mean
// something.
std::string AttestText(const PassportVerdict& passport) {
  if (!passport.attest) return "-";
  const std::string& attest = *passport.attest;
  return attest == "A" || attest == "B" || attest == "C" ? attest : "invalid";
}

std::string PartiesText(const PassportVerdict& passport) {
  std::string text = "from " + ForTerminal(passport.orig.value_or("-")) + " to ";
  for (size_t i = 0; i < passport.dest.size() && i < 3; ++i) {
    text += (i > 0 ? ", " : "") + ForTerminal(passport.dest[i]);
  }
  return passport.dest.empty() ? text + "-" : text;
}

void PrintSummary(const Console& console, const Verdict& verdict) {
  const bool passed = verdict.passed();
  std::string line = passed ? "VERIFIED" : "NOT VERIFIED";
  if (Info(verdict.reason).reason_class == ReasonClass::kUndecided) line = "NOT DECIDED";
  console.out() << console.Paint(passed ? Colour::kGreen : Colour::kRed, line) << " "
                << Info(verdict.reason).id << " (" << SipText(verdict.reason) << ")";
  if (const PassportVerdict* passport = verdict.deciding()) {
    console.out() << "; attest " << AttestText(*passport) << "; signer " << SignerText(*passport)
                  << "; age "
                  << (passport->age_seconds ? std::to_string(*passport->age_seconds) + " s" : "-")
                  << "; " << PartiesText(*passport);
  }
  console.out() << "\n";
}

void PrintReason(const Console& console, const Verdict& verdict) {
  const ReasonInfo& info = Info(verdict.reason);
  console.out() << "  " << info.meaning << "\n";
  if (!verdict.detail.empty()) console.out() << "  " << ForTerminal(verdict.detail) << "\n";
  if (!info.advice.empty()) console.out() << "  " << info.advice << "\n";
}

std::string OutcomeMark(const Console& console, CheckOutcome outcome) {
  switch (outcome) {
    case CheckOutcome::kPassed:
      return console.Paint(Colour::kGreen, "passed ");
    case CheckOutcome::kFailed:
      return console.Paint(Colour::kRed, "FAILED ");
    case CheckOutcome::kNotApplicable:
      return console.Paint(Colour::kGrey, "n/a    ");
    case CheckOutcome::kNotRun:
      return console.Paint(Colour::kGrey, "not run");
  }
  return {};
}

void PrintChecks(const Console& console, const PassportVerdict& passport) {
  constexpr size_t kIdWidth = 19;
  for (const Check& check : passport.checks) {
    std::string id(check.id);
    id.resize(std::max(kIdWidth, id.size()), ' ');
    console.out() << "  " << OutcomeMark(console, check.outcome) << "  " << id;
    if (check.outcome == CheckOutcome::kFailed) console.out() << Info(check.reason).id << ": ";
    console.out() << ForTerminal(check.detail)
                  << console.Paint(Colour::kGrey, "  [" + std::string(check.clause) + "]") << "\n";
  }
}

}  // namespace

void PrintVerdict(const Console& console, const Verdict& verdict) {
  PrintSummary(console, verdict);
  PrintReason(console, verdict);
  for (size_t i = 0; i < verdict.passports.size(); ++i) {
    const PassportVerdict& passport = verdict.passports[i];
    console.out() << "\n"
                  << console.Paint(Colour::kBold, "Identity header " + std::to_string(i + 1) +
                                                      " of " +
                                                      std::to_string(verdict.passports.size()))
                  << ": " << Info(passport.reason).id << "\n";
    PrintChecks(console, passport);
  }
}

}  // namespace callvet::cli
