// SPDX-License-Identifier: MIT
#include "api/api_reply.h"

namespace callvet {

ApiReply JsonReply(uint16_t status, const JsonValue& body) {
  ApiReply reply;
  reply.status = status;
  reply.body = WriteJson(body);
  return reply;
}

ApiReply JsonReply(uint16_t status, JsonStream& body) {
  ApiReply reply;
  reply.status = status;
  reply.body = body.Take();
  return reply;
}

CallSummary Summarise(const Verdict& verdict) {
  CallSummary summary;
  summary.reason = verdict.reason;
  const PassportVerdict* deciding = verdict.deciding();
  if (deciding == nullptr) return summary;
  summary.attest = deciding->attest.value_or("");
  summary.origid = deciding->origid.value_or("");
  summary.x5u = deciding->x5u;
  if (deciding->signer && deciding->IsPutDownToSigner())
    summary.signer = deciding->signer->AnsweringSpc();
  return summary;
}

}  // namespace callvet
