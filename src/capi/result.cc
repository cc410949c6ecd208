// SPDX-License-Identifier: MIT
#include "capi/result.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "capi/convert.h"

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

std::string CheckText(const PassportVerdict& passport) {
  std::string list;
  for (const Check& check : passport.checks) {
    if (!list.empty()) list += ' ';
    list.append(check.id).append("=").append(CheckOutcomeText(check.outcome));
  }
  return list;
}

std::string_view DetailOf(const PassportVerdict& passport) {
  for (const Check& check : passport.checks) {
    if (check.reason == passport.reason && check.reason != Reason::kNone) return check.detail;
  }
  return {};
}

std::string Joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : " ") + part;
  return text;
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

callvet_text callvet_result::Keep(std::string text) {
  texts_.push_back(std::move(text));
  return Text(texts_.back());
}

callvet_texts callvet_result::List(const std::vector<std::string>& strings) {
  lists_.emplace_back();
  for (const std::string& string : strings) lists_.back().push_back(Text(string));
  return {lists_.back().data(), lists_.back().size()};
}

// Of what a token says. Whoever writes it into a header writes one line.
callvet_text callvet_result::Claimed(const std::string& text) {
  const bool one_line = std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
  return one_line ? Text(text) : callvet_text{};
}

void callvet_result::FillPassport(callvet_verdict& out) {
  const PassportVerdict* passport = judgement_.verdict.deciding();
  out.iat = -1;
  out.detail = Text(judgement_.verdict.detail);
  if (passport == nullptr) return;
  if (out.detail.size == 0) out.detail = Text(DetailOf(*passport));
  out.checks = Keep(CheckText(*passport));
  if (passport->attest) out.attest = Claimed(*passport->attest);
  if (passport->orig) out.orig = Claimed(*passport->orig);
  if (passport->origid) out.origid = Claimed(*passport->origid);
  texts_.push_back(Joined(passport->dest));
  out.dest = Claimed(texts_.back());
  out.ppt = Claimed(passport->ppt);
  out.x5u = Claimed(passport->x5u);
  out.iat = passport->iat.value_or(-1);
  out.age = passport->age_seconds.value_or(0);
  if (passport->signer) {
    out.spc = Keep(Joined(passport->signer->spcs));
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
  out.reply_headers = List(disposition.reason_headers);
  out.strip_headers = List(disposition.strip_headers);
  out.mark.struct_size = sizeof(callvet_mark);
  if (!disposition.verstat) return;
  const VerstatMark& mark = *disposition.verstat;
  out.mark.value = Text(mark.value);
  out.mark.header =
      mark.header == VerstatMark::Header::kFrom ? CALLVET_MARK_FROM : CALLVET_MARK_PAI;
  out.mark.place =
      mark.place == VerstatMark::Place::kUriParameter ? CALLVET_MARK_URI : CALLVET_MARK_USER;
  out.mark.identities = List(mark.identities);
}

void callvet_result::Clear() {
  texts_.clear();
  lists_.clear();
  judgement_ = callvet::OfflineVerifier::Judgement();
  KeepCall({}, {}, {});
}

void callvet_result::Fill(callvet::OfflineVerifier::Judgement judgement,
                          std::chrono::microseconds time, callvet_verdict& out) {
  Clear();
  judgement_ = std::move(judgement);
  out = callvet_verdict{};
  FillReason(judgement_.verdict.reason, out);
  out.passports = judgement_.verdict.passports.size();
  FillPassport(out);
  FillDisposition(out);
  out.missing = List(judgement_.missing);
  out.stale = List(judgement_.stale);
  out.certificates = List(judgement_.certificates);
  out.time_us = static_cast<uint64_t>(time.count());
}

void callvet_result::KeepCall(callvet::CallRequest call, std::string call_id, std::string trunk) {
  call_ = std::move(call);
  call_id_ = std::move(call_id);
  trunk_ = std::move(trunk);
}

callvet::Result<callvet::CallEvidence> callvet_result::Evidence() const {
  if (!judgement_.basis) {
    return callvet::Fail(Reason::kParameterInvalid, "no call was judged of which evidence is kept");
  }
  const callvet::OfflineVerifier::Basis& basis = *judgement_.basis;
  return callvet::CallEvidence{call_,
                               call_id_,
                               trunk_,
                               basis.options,
                               basis.material,
                               judgement_.verdict,
                               judgement_.disposition,
                               basis.policy,
                               basis.trust_list};
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
