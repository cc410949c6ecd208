// SPDX-License-Identifier: MIT
#include "capi/result.h"

#include <memory>
#include <utility>

#include "capi/convert.h"
#include "syntax/unfold.h"

using callvet::Check;
using callvet::CheckOutcomeText;
using callvet::Disposition;
using callvet::Info;
using callvet::PassportVerdict;
using callvet::Reason;
using callvet::ReasonClass;
using callvet::ReasonInfo;
using callvet::Verdict;
using callvet::VerstatMark;
using callvet::VerstatText;
using callvet::capi::Text;

namespace {

callvet_class ClassOf(const ReasonInfo& row) {
  switch (row.reason_class) {
    case ReasonClass::kVerified:
      return CALLVET_VERIFIED;
    case ReasonClass::kUnsigned:
      return CALLVET_UNSIGNED;
    case ReasonClass::kRefused:
      return CALLVET_REFUSED;
    case ReasonClass::kUndecided:
      return CALLVET_UNDECIDED;
    case ReasonClass::kPolicy:
      return CALLVET_POLICY;
    case ReasonClass::kInput:
      return CALLVET_INPUT;
  }
  return CALLVET_UNDECIDED;
}

callvet_action ActionOf(callvet::Action action) {
  switch (action) {
    case callvet::Action::kPass:
      return CALLVET_PASS;
    case callvet::Action::kTag:
      return CALLVET_TAG;
    case callvet::Action::kReject:
      return CALLVET_REJECT;
  }
  return CALLVET_REJECT;
}

std::string_view DetailOf(const PassportVerdict& passport) {
  if (passport.reason == Reason::kNone) return {};
  for (const Check& check : passport.checks) {
    if (check.reason == passport.reason) return check.detail;
  }
  return {};
}

// `parts` divided by spaces; with more than one in `room`.
std::string_view Joined(const std::vector<std::string>& parts, std::string& room) {
  if (parts.empty()) return {};
  if (parts.size() == 1) return parts.front();
  room.clear();
  for (const std::string& part : parts) room.append(room.empty() ? "" : " ").append(part);
  return room;
}

// Of what a token says. Whoever writes it into a header writes one line.
callvet_text Claimed(std::string_view text) {
  return callvet::IsOneLine(text) ? Text(text) : callvet_text{};
}

// `strings`, whose texts go into `list`.
template <class Strings>
callvet_texts List(const Strings& strings, std::vector<callvet_text>& list) {
  list.clear();
  for (const auto& string : strings) list.push_back(Text(string));
  return {list.data(), list.size()};
}

void FillReason(Reason reason, callvet_verdict& out) {
  const ReasonInfo& row = Info(reason);
  out.reason_class = ClassOf(row);
  out.sip_code = row.sip_code;
  out.reason = Text(row.id);
  out.phrase = Text(row.sip_phrase);
  out.verstat = Text(VerstatText(row.verstat));
}

}  // namespace

std::string_view callvet::capi::ChecksText::Of(const CheckList& checks) {
  if (checks.empty()) return {};
  std::array<CheckOutcome, CheckList::kChecks> outcomes{};
  for (size_t i = 0; i < checks.size(); ++i) outcomes[i] = checks.outcome(i);
  if (!text_.empty() && outcomes == outcomes_) return text_;
  std::string text;
  for (const Check& check : checks) {
    if (!text.empty()) text += ' ';
    text.append(check.id).append("=").append(CheckOutcomeText(check.outcome));
  }
  text_ = std::move(text);
  outcomes_ = outcomes;
  return text_;
}

callvet_verdict callvet_result::InternalError() {
  callvet_verdict out{};
  FillReason(Reason::kInternalError, out);
  out.iat = -1;
  out.action = CALLVET_REJECT;
  out.action_class = out.reason_class;
  out.action_reason = out.reason;
  out.reply_code = out.sip_code;
  out.reply_phrase = out.phrase;
  out.mark.struct_size = sizeof(callvet_mark);
  return out;
}

void callvet_result::FillPassport(callvet_verdict& out) {
  const PassportVerdict* passport = judgement_.verdict.deciding();
  out.iat = -1;
  out.detail = Text(judgement_.verdict.detail);
  if (passport == nullptr) return;
  if (out.detail.size == 0) out.detail = Text(DetailOf(*passport));
  out.checks = Text(checks_.Of(passport->checks));
  if (passport->attest) out.attest = Claimed(*passport->attest);
  if (passport->orig) out.orig = Claimed(*passport->orig);
  if (passport->origid) out.origid = Claimed(*passport->origid);
  out.dest = Claimed(Joined(passport->dest, dest_));
  out.ppt = Claimed(passport->ppt);
  out.x5u = Claimed(passport->x5u);
  out.iat = passport->iat.value_or(-1);
  out.age = passport->age_seconds.value_or(0);
  if (passport->signer) {
    out.spc = Text(Joined(passport->signer->spcs, spcs_));
    out.subject = Text(passport->signer->subject);
  }
}

void callvet_result::FillDisposition(callvet_verdict& out) {
  const Disposition& disposition = judgement_.disposition;
  out.action = ActionOf(disposition.action);
  out.action_class = ClassOf(Info(disposition.reason));
  out.action_reason = Text(Info(disposition.reason).id);
  out.reply_code = disposition.sip_code;
  out.reply_phrase = Text(disposition.Phrase());
  out.reply_headers = List(disposition.reason_headers, reply_headers_);
  out.strip_headers = List(disposition.strip_headers, strip_headers_);
  out.mark.struct_size = sizeof(callvet_mark);
  if (!disposition.verstat) return;
  const VerstatMark& mark = *disposition.verstat;
  out.mark.value = Text(mark.value);
  out.mark.header =
      mark.header == VerstatMark::Header::kFrom ? CALLVET_MARK_FROM : CALLVET_MARK_PAI;
  out.mark.place =
      mark.place == VerstatMark::Place::kUriParameter ? CALLVET_MARK_URI : CALLVET_MARK_USER;
  out.mark.identities = List(mark.identities, identities_);
}

void callvet_result::Clear() {
  judgement_ = callvet::OfflineVerifier::Judgement();
  call_.reset();
}

void callvet_result::Fill(callvet::OfflineVerifier::Judgement judgement,
                          std::chrono::microseconds time, callvet_verdict& out) {
  judgement_ = std::move(judgement);
  call_.reset();
  out = callvet_verdict{};
  FillReason(judgement_.verdict.reason, out);
  out.passports = judgement_.verdict.passports.size();
  FillPassport(out);
  FillDisposition(out);
  out.missing = List(judgement_.missing, missing_);
  out.stale = List(judgement_.stale, stale_);
  out.certificates = List(judgement_.certificates, certificates_);
  out.time_us = static_cast<uint64_t>(time.count());
}

callvet::Result<callvet::CallEvidenceView> callvet_result::Evidence() const {
  if (!judgement_.basis || !call_) {
    return callvet::Fail(Reason::kParameterInvalid, "no call was judged of which evidence is kept");
  }
  const callvet::OfflineVerifier::Basis& basis = *judgement_.basis;
  return callvet::CallEvidenceView{call_->request,          call_->call_id, call_->trunk,
                                   basis.options,           basis.material, judgement_.verdict,
                                   &judgement_.disposition, basis.policy,   basis.trust_list};
}

extern "C" {

int callvet_result_create(callvet_result** result) {
  if (result == nullptr) return CALLVET_INVALID;
  *result = nullptr;
  return callvet::capi::Guard(nullptr, [&] {
    *result = std::make_unique<callvet_result>().release();
    return CALLVET_OK;
  });
}

void callvet_result_destroy(callvet_result* result) {
  const std::unique_ptr<callvet_result> owner(result);
}

}  // extern "C"
