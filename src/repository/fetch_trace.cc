// SPDX-License-Identifier: MIT
#include "repository/fetch_trace.h"

#include <algorithm>

namespace callvet {
namespace {

using Kind = FetchStep::Kind;
using Outcome = FetchStep::Outcome;
using std::chrono::microseconds;

std::string ResponseText(const HttpResponse& response) {
  return "HTTP status " + std::to_string(response.status()) + ", " +
         std::to_string(response.headers().size()) + " header fields, " +
         std::to_string(response.header_bytes()) + " bytes";
}

}  // namespace

std::string_view FetchStepName(FetchStep::Kind kind) {
  switch (kind) {
    case Kind::kPolicy:
      return "policy";
    case Kind::kDns:
      return "dns";
    case Kind::kConnect:
      return "connect";
    case Kind::kTls:
      return "tls";
    case Kind::kHttp:
      return "http";
    case Kind::kBody:
      return "body";
  }
  return "body";
}

void RecordProgress(FetchTrace& trace, const FetchProgress& progress, const HttpResponse& response,
                    const std::optional<Failure>& failure) {
  const bool connected = progress.connected.count() > 0;
  trace.http_status = response.status();
  trace.response_headers = response.headers();
  trace.address = connected ? progress.peer : "";
  trace.tls = progress.tls;
  struct Reached {
    Kind kind;
    bool reached;
    microseconds at;
    std::string detail;
  };
  const bool http_is_good = response.headers_complete() && response.status() / 100 == 2;
  const Reached all[] = {
      {Kind::kDns, !progress.tried.empty(), progress.resolved,
       progress.host + ": " + progress.tried},
      {Kind::kConnect, connected, progress.connected, trace.address},
      {Kind::kTls, !progress.https || progress.secured.count() > 0,
       std::max(progress.secured, progress.connected), progress.https ? trace.tls : "none: http"},
      {Kind::kHttp, http_is_good, progress.answered, ResponseText(response)},
      {Kind::kBody, !failure, progress.ended, std::to_string(response.body_bytes()) + " bytes"},
  };
  microseconds before{0};
  bool failed = false;
  for (const Reached& step : all) {
    if (failed) {
      trace.steps.push_back({step.kind, Outcome::kNotRun, {}, ""});
    } else if (step.reached) {
      const microseconds until = std::max(step.at, before);
      trace.steps.push_back({step.kind, Outcome::kDone, until - before, step.detail});
      before = until;
    } else {
      failed = true;
      trace.steps.push_back(
          {step.kind, Outcome::kFailed, progress.ended - before, failure ? failure->detail : ""});
    }
  }
}

void RecordUnopened(FetchTrace& trace, FetchStep::Kind failed, const Failure& failure) {
  for (const Kind kind :
       {Kind::kPolicy, Kind::kDns, Kind::kConnect, Kind::kTls, Kind::kHttp, Kind::kBody}) {
    if (kind < failed) {
      trace.steps.push_back({kind, Outcome::kDone, {}, ""});
    } else if (kind == failed) {
      trace.steps.push_back({kind, Outcome::kFailed, {}, failure.detail});
    } else {
      trace.steps.push_back({kind, Outcome::kNotRun, {}, ""});
    }
  }
}

}  // namespace callvet
