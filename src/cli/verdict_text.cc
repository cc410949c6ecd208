// SPDX-License-Identifier: MIT
#include "cli/verdict_text.h"

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

std::string SignerName(const PassportVerdict& passport) {
  if (!passport.signer) return "not looked at";
  std::string text;
  for (const std::string& spc : passport.signer->spcs) text += "SPC " + ForTerminal(spc) + " ";
  if (passport.signer->spcs.empty() && !passport.signer->tn_auth_list.empty()) {
    text += ForTerminal(passport.signer->tn_auth_list.substr(0, 60)) + " ";
  }
  text += ForTerminal(passport.signer->organization.empty() ? passport.signer->subject
                                                            : passport.signer->organization);
  return text;
}

std::string SignerText(const PassportVerdict& passport) {
  const bool doubtful = passport.signer && !passport.ChainPassed();
  return doubtful ? SignerName(passport) + " (not trusted)" : SignerName(passport);
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

// Whoever stands behind a name that is shown must have been found good (F-26).
void PrintRichCallData(const Console& console, const PassportVerdict& passport) {
  if (!passport.rich_call_data) return;
  const RichCallData& data = *passport.rich_call_data;
  std::string line = "  rich call data: ";
  if (passport.reason != Reason::kNone || data.reason != Reason::kNone) {
    const Reason why = passport.reason != Reason::kNone ? passport.reason : data.reason;
    line += "not verified, not shown (" + std::string(Info(why).id) + ")";
  } else {
    line += "name \"" + ForTerminal(data.nam) + "\"";
    if (data.apn) line += ", number " + ForTerminal(*data.apn);
    if (data.crn) line += ", reason \"" + ForTerminal(*data.crn) + "\"";
    if (data.iss) line += ", vouched for by " + ForTerminal(*data.iss);
  }
  console.out() << line << "\n";
  for (const RichCallData::Content& part : data.content) {
    console.out() << "    " << ForTerminal(part.pointer) << " "
                  << ForTerminal(part.uri.value_or("in the PASSporT")) << ": "
                  << (part.outcome == CheckOutcome::kFailed   ? Info(part.reason).id
                      : part.outcome == CheckOutcome::kPassed ? "as signed"
                                                              : "not fetched")
                  << "\n";
  }
}

// A call that was not redirected has its path in the summary.
void PrintPath(const Console& console, const Verdict& verdict) {
  if (verdict.path.size() < 2) return;
  console.out() << "  The call's path:\n";
  for (const CallLeg& leg : verdict.path) {
    PassportVerdict signed_by;
    signed_by.signer = leg.signer;
    console.out() << "    " << ForTerminal(leg.from) << " -> " << ForTerminal(leg.to) << "  "
                  << (leg.ppt.empty() ? "base" : ForTerminal(leg.ppt)) << ", signed by "
                  << SignerName(signed_by) << ", Identity header " << leg.passport + 1 << "\n";
  }
}

void PrintPriority(const Console& console, const std::optional<PriorityVerdict>& priority) {
  if (!priority) return;
  std::string values;
  for (const std::string& value : priority->values) {
    values += (values.empty() ? "" : ", ") + ForTerminal(value);
  }
  console.out() << "  Resource-Priority " << (values.empty() ? "(none)" : values) << ": ";
  switch (priority->status) {
    case PriorityVerdict::Status::kPassed:
      console.out() << "vouched for\n";
      return;
    case PriorityVerdict::Status::kNoValidation:
      console.out() << "nobody vouches for it; treat the call as an ordinary one\n";
      return;
    case PriorityVerdict::Status::kFailed:
      console.out() << "not to be trusted (" << Info(priority->reason).id
                    << "); treat the call as an ordinary one\n";
      return;
  }
}

void PrintSummary(const Console& console, const Verdict& verdict) {
  const bool passed = verdict.passed();
  std::string line = passed ? "VERIFIED" : "NOT VERIFIED";
  if (IsUndecided(verdict.reason)) line = "NOT DECIDED";
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

// And, further in, what it encloses.
void PrintPassport(const Console& console, const PassportVerdict& passport,
                   const std::string& title) {
  console.out() << "\n"
                << console.Paint(Colour::kBold, title) << ": " << Info(passport.reason).id << "\n";
  PrintRichCallData(console, passport);
  PrintChecks(console, passport);
  for (const PassportVerdict& nested : passport.nested) {
    PrintPassport(console, nested, "opt of " + title);
  }
}

}  // namespace

void PrintVerdict(const Console& console, const Verdict& verdict) {
  PrintSummary(console, verdict);
  PrintReason(console, verdict);
  PrintPath(console, verdict);
  PrintPriority(console, verdict.priority);
  for (size_t i = 0; i < verdict.passports.size(); ++i) {
    PrintPassport(console, verdict.passports[i],
                  "Identity header " + std::to_string(i + 1) + " of " +
                      std::to_string(verdict.passports.size()));
  }
}

}  // namespace callvet::cli
