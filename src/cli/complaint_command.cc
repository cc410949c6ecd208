// SPDX-License-Identifier: MIT
#include <memory>
#include <ostream>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>

#include "api/complaints.h"
#include "base/text.h"
#include "cli/evidence_options.h"
#include "cli/evidence_text.h"
#include "cli/human_time_option.h"
#include "cli/options.h"

namespace callvet::cli {
namespace {

constexpr const char* kComplaintFooter =
    "Examples:\n"
    "  callvet complaint add --store calls.db --callee +12155550101 --caller '*0100' \\\n"
    "      --about 'yesterday 15:10' --category fraud --reference 12321-0017\n"
    "  callvet complaint list --store calls.db --state unmatched\n"
    "  callvet complaint show --store calls.db ID\n"
    "  callvet complaint match --store calls.db";

struct AddComplaintOptions {
  EvidenceOptions store;
  ZoneOptions zone;
  Complaint complaint;
  std::string about;
  std::string category = "other";
  std::string text;
  std::string country;
  int64_t tolerance = Complaint::kDefaultTolerance.count() / 60;
  bool json = false;
};

struct ListComplaintOptions {
  EvidenceOptions store;
  ZoneOptions zone;
  std::string state = "any";
  std::string reference;
  std::string from;
  std::string to;
  size_t limit = 100;
  int64_t before = 0;
  bool json = false;
};

struct ShowComplaintOptions {
  EvidenceOptions store;
  ZoneOptions zone;
  std::string id;
  std::string country;
  bool json = false;
};

Result<OpenedEvidence> OpenForComplaints(const EvidenceOptions& options) {
  const auto setup = EvidenceSetupOf(options, EvidenceSetup::Open::kExisting);
  if (!setup) return setup.error();
  return OpenEvidence(*setup);
}

// ----- add

Result<Complaint> ComplaintOf(const AddComplaintOptions& options) {
  Complaint complaint = options.complaint;
  const auto times = HumanTimesOf(options.zone);
  if (!times) return times.error();
  const auto about = ParseHumanTime(options.about, *times);
  if (!about) return InOption("--about", about.error());
  complaint.about = *about;
  complaint.tolerance = std::chrono::minutes(options.tolerance);
  const auto category = FindComplaintCategory(options.category);
  if (!category) return Fail(Reason::kParameterInvalid, "--category: there is no such category");
  complaint.category = *category;
  auto text = options.text == "-" ? TextArgument("-") : Result<std::string>(options.text);
  if (!text) return InOption("--text", text.error());
  complaint.text = std::move(*text);
  return complaint;
}

void PrintFound(const ComplaintEntry& entry, const Console& console) {
  if (entry.candidates == 0) {
    console.out() << "  no call was found: 'callvet complaint match' looks again later\n";
    return;
  }
  if (entry.candidates > 1) {
    console.out() << "  ambiguous: " << entry.candidates
                  << " calls may be meant; the nearest in time counts\n";
  }
  const ResponsibleParty& party = entry.nearest.party;
  const auto text = [](const std::string& name) { return name.empty() ? "-" : ForTerminal(name); };
  console.out() << "  call " << entry.nearest.id << "  " << FormatTime(entry.nearest.time)
                << "  signer " << text(party.signer) << "  holder " << text(party.holder)
                << "  trunk " << text(party.trunk) << "\n";
}

ExitCode RunAddComplaint(const AddComplaintOptions& options, const Console& console) {
  auto complaint = ComplaintOf(options);
  if (!complaint) return console.Complain(complaint.error());
  const auto plan = CountryOption(options.country);
  if (!plan) return console.Complain(plan.error());
  const auto opened = OpenForComplaints(options.store);
  if (!opened) return ComplainOfEvidence(opened.error(), console);
  const auto filed =
      FileComplaint({*opened, *plan, EvidenceUser(), SystemClock().Now()}, std::move(*complaint));
  if (!filed) return ComplainOfEvidence(filed.error(), console);
  // An earlier complaint's calls are told by `show`, which is recorded.
  const bool fresh = filed->state == FiledComplaint::State::kNew;
  if (options.json) {
    JsonValue json =
        fresh ? ComplaintEntryJson(filed->entry) : JsonValue(FiledComplaintJson(*filed));
    if (fresh) json.Add("filed", FiledStateName(filed->state));
    console.PrintJson(json);
    return ExitCode::kVerified;
  }
  console.out() << filed->entry.id << "  " << FiledStateName(filed->state) << "  about "
                << LocalTimeText(filed->entry.about, options.zone) << " +-"
                << filed->entry.tolerance.count() / 60 << " min";
  if (!fresh) {
    console.out() << "\n  'callvet complaint show' tells its calls\n";
    return ExitCode::kVerified;
  }
  console.out() << "  " << ComplaintStateName(filed->entry.candidates) << "\n";
  PrintFound(filed->entry, console);
  return ExitCode::kVerified;
}

// ----- list

Result<ComplaintQuery> ListQueryOf(const ListComplaintOptions& options) {
  ComplaintQuery query;
  query.reference = options.reference;
  query.limit = options.limit;
  if (options.before > 0) query.before = options.before;
  using State = ComplaintQuery::State;
  query.state = options.state == "unmatched"   ? State::kUnmatched
                : options.state == "matched"   ? State::kMatched
                : options.state == "ambiguous" ? State::kAmbiguous
                                               : State::kAny;
  const auto times = HumanTimesOf(options.zone);
  if (!times) return times.error();
  const auto asked = AskedTimesOf(options.from, options.to, *times);
  if (!asked) return asked.error();
  query.from = asked->from;
  query.to = asked->to;
  return query;
}

ExitCode RunListComplaints(const ListComplaintOptions& options, const Console& console) {
  const auto query = ListQueryOf(options);
  if (!query) return console.Complain(query.error());
  const auto opened = OpenLogged(options.store, "complaints", "state=" + options.state);
  if (!opened) return ComplainOfEvidence(opened.error(), console);
  const auto page = opened->store->FindComplaints(*query);
  if (!page) return ComplainOfEvidence(page.error(), console);
  if (options.json) {
    console.PrintJson(ComplaintPageJson(*page));
    return ExitCode::kVerified;
  }
  for (const ComplaintEntry& entry : page->complaints) {
    console.out() << entry.id << "  "
                  << ForTerminal(entry.reference.empty() ? "-" : entry.reference) << "  about "
                  << LocalTimeText(entry.about, options.zone) << "  "
                  << ComplaintCategoryName(entry.category) << "  "
                  << ComplaintStateName(entry.candidates) << "\n";
    if (entry.candidates > 0) PrintFound(entry, console);
  }
  if (page->next) console.out() << "More: --before " << *page->next << "\n";
  return ExitCode::kVerified;
}

// ----- show

void PrintCallOfComplaint(const JsonValue& call, const Console& console) {
  int64_t off = 0;
  const JsonValue* seconds = call.Find("seconds_off");
  if (seconds != nullptr) (void)seconds->GetInt(off);
  console.out() << "\nCall " << Cell(call, "id") << ", " << off << " s from what was said\n";
  const JsonValue* entry = call.Find("entry");
  if (entry == nullptr) {
    console.out() << "  its record is " << Cell(call, "kept") << "; it was connected by signer "
                  << Cell(call, "signer") << ", holder " << Cell(call, "holder") << ", trunk "
                  << Cell(call, "trunk") << "\n";
    return;
  }
  PrintEntry(*entry, console);
  PrintResponsible(*call.Find("responsible"), console);
}

void PrintComplaint(const JsonValue& shown, const Console& console) {
  console.out() << "Complaint " << Cell(shown, "id")
                << "\n  reference: " << Cell(shown, "reference")
                << "\n  filed by: " << Cell(shown, "filed_by") << ", " << Cell(shown, "received")
                << "\n  about: " << Cell(shown, "about") << "\n  caller: " << Cell(shown, "caller")
                << "\n  callee: " << Cell(shown, "callee")
                << "\n  category: " << Cell(shown, "category")
                << "\n  state: " << Cell(shown, "state") << "\n";
  const JsonValue* text = shown.Find("text");
  if (text != nullptr && text->AsString() != nullptr) {
    console.out() << "  text: " << ForTerminal(*text->AsString(), Lines::kMany) << "\n";
  }
  for (const JsonValue& call : *shown.Find("calls")->AsArray()) {
    PrintCallOfComplaint(call, console);
  }
}

ExitCode RunShowComplaint(const ShowComplaintOptions& options, const Console& console) {
  const auto opened = OpenLogged(options.store, "complaint", options.id);
  if (!opened) return ComplainOfEvidence(opened.error(), console);
  const auto shown =
      ShowComplaint({*opened, nullptr, EvidenceUser(), SystemClock().Now()}, ToLower(options.id));
  if (!shown) return ComplainOfEvidence(shown.error(), console);
  if (options.json) {
    console.PrintJson(*shown);
  } else {
    PrintComplaint(*shown, console);
  }
  return ExitCode::kVerified;
}

// ----- match

ExitCode RunMatchComplaints(const ShowComplaintOptions& options, const Console& console) {
  const auto plan = CountryOption(options.country);
  if (!plan) return console.Complain(plan.error());
  const auto opened = OpenLogged(options.store, "match", "");
  if (!opened) return ComplainOfEvidence(opened.error(), console);
  const auto matched = MatchComplaints({*opened, *plan, EvidenceUser(), SystemClock().Now()});
  if (!matched) return ComplainOfEvidence(matched.error(), console);
  if (options.json) {
    console.PrintJson(JsonMembers{{"looked", matched->looked},
                                  {"matched", matched->matched},
                                  {"ambiguous", matched->ambiguous},
                                  {"altered", matched->altered}});
  } else {
    console.out() << matched->looked << " complaints had no call: of " << matched->matched
                  << " it was found, of " << matched->ambiguous << " there are several\n";
  }
  if (matched->altered == 0) return ExitCode::kVerified;
  return ComplainOfEvidence(
      Fail(Reason::kEvidenceAltered, std::to_string(matched->altered) + " complaints were altered"),
      console);
}

// ----- options

void AddComplaintAdd(CLI::App& complaint, Context& context) {
  auto options = std::make_shared<AddComplaintOptions>();
  CLI::App* command =
      complaint.add_subcommand("add", "File a complaint and look for the call that it is about");
  AddEvidenceStoreOptions(*command, options->store);
  const auto text = [&](const char* name, std::string& target, const char* help, const char* type) {
    return command->add_option(name, target, help)->type_name(type);
  };
  text("--callee", options->complaint.callee, "Who was called: number, tel or sip URI", "TN")
      ->required();
  text("--caller", options->complaint.caller,
       "The caller as the call showed it, or a part of its number: *5678, +8610*", "TN");
  text("--about", options->about,
       "When the call was: '2026-11-25 15:10', 'yesterday 15:10', RFC 3339 or seconds since 1970",
       "TIME")
      ->required();
  command->add_option("--tolerance", options->tolerance, "How far the time may be off")
      ->type_name("MIN")
      ->check(CLI::Range(int64_t{0}, int64_t{Complaint::kMaxTolerance.count() / 60}))
      ->capture_default_str();
  text("--category", options->category, "harassment, fraud, marketing, robocall, spoofing or other",
       "C")
      ->capture_default_str();
  text("--text", options->text, "In the complainer's words (- for standard input)", "TEXT");
  text("--reference", options->complaint.reference,
       "The authority's number: the same one is filed once", "REF");
  text("--country", options->country, "Country for numbers without '+'", "CC");
  AddZoneOption(*command, options->zone);
  command->add_flag("--json", options->json, "Print one JSON object");
  TakeOneValueEach(*command);
  command->callback(
      [options, &context] { context.exit_code = RunAddComplaint(*options, context.console); });
}

void AddComplaintList(CLI::App& complaint, Context& context) {
  auto options = std::make_shared<ListComplaintOptions>();
  CLI::App* command = complaint.add_subcommand("list", "List complaints; the latest first");
  AddEvidenceStoreOptions(*command, options->store);
  command->add_option("--state", options->state, "unmatched, matched, ambiguous or any")
      ->type_name("S")
      ->check(CLI::IsMember({"unmatched", "matched", "ambiguous", "any"}))
      ->capture_default_str();
  command->add_option("--reference", options->reference, "The authority's number")
      ->type_name("REF");
  command->add_option("--from", options->from, "Received at this time or later")->type_name("TIME");
  command->add_option("--to", options->to, "Received at this time or earlier")->type_name("TIME");
  command->add_option("--limit", options->limit, "At most so many")
      ->type_name("N")
      ->check(CLI::Range(size_t{1}, ComplaintQuery::kMaxLimit))
      ->capture_default_str();
  command->add_option("--before", options->before, "The page behind this one: as 'More' says")
      ->type_name("SEQ")
      ->check(CLI::Range(int64_t{1}, INT64_MAX));
  AddZoneOption(*command, options->zone);
  command->add_flag("--json", options->json, "Print one JSON object");
  TakeOneValueEach(*command);
  command->callback(
      [options, &context] { context.exit_code = RunListComplaints(*options, context.console); });
}

void AddComplaintShow(CLI::App& complaint, Context& context) {
  auto options = std::make_shared<ShowComplaintOptions>();
  CLI::App* command =
      complaint.add_subcommand("show", "One complaint, its calls, and who is responsible for them");
  command->add_option("ID", options->id, "Id of a complaint")->required();
  AddEvidenceStoreOptions(*command, options->store);
  command->add_flag("--json", options->json, "Print one JSON object");
  TakeOneValueEach(*command);
  command->callback(
      [options, &context] { context.exit_code = RunShowComplaint(*options, context.console); });
}

void AddComplaintMatch(CLI::App& complaint, Context& context) {
  auto options = std::make_shared<ShowComplaintOptions>();
  CLI::App* command = complaint.add_subcommand(
      "match", "Look again for calls of complaints that have none: records may come late");
  AddEvidenceStoreOptions(*command, options->store);
  command->add_option("--country", options->country, "Country for numbers without '+'")
      ->type_name("CC");
  command->add_flag("--json", options->json, "Print one JSON object");
  TakeOneValueEach(*command);
  command->callback(
      [options, &context] { context.exit_code = RunMatchComplaints(*options, context.console); });
}

}  // namespace

void AddComplaintCommand(CLI::App& app, Context& context) {
  CLI::App* complaint =
      app.add_subcommand("complaint", "File complaints, find their calls and who connected those");
  complaint->require_subcommand(1);
  complaint->footer(kComplaintFooter);
  AddComplaintAdd(*complaint, context);
  AddComplaintList(*complaint, context);
  AddComplaintShow(*complaint, context);
  AddComplaintMatch(*complaint, context);
}

}  // namespace callvet::cli
