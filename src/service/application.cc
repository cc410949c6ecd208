// SPDX-License-Identifier: MIT
#include "service/application.h"

#include <algorithm>
#include <utility>

#include "api/atis_verification.h"
#include "api/call_verification.h"
#include "api/complaints_api.h"
#include "api/evidence_api.h"
#include "api/pool_api.h"
#include "api/request_error.h"
#include "api/trust_json.h"
#include "base/precise_time.h"
#include "base/text.h"
#include "service/web_files.h"
#include "syntax/uri.h"

namespace callvet::service {
namespace {

constexpr size_t kMaxRequestId = 128;
constexpr size_t kMaxSigners = 50;
constexpr uint32_t kRefusalLines = 5;  // in the log in a second, of requests that are too many
constexpr size_t kMostTogether = 16;   // lines of a batch that are judged before they are answered

// The page loads its own files and talks to its own origin, and nothing else.
constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

constexpr std::string_view kFormType = "application/x-www-form-urlencoded";
constexpr std::string_view kGetMethods = "GET, HEAD";
constexpr std::string_view kAtisPrefix = "/stir/";

ErrorForm FormOf(std::string_view path) {
  return path.substr(0, kAtisPrefix.size()) == kAtisPrefix ? ErrorForm::kAtis : ErrorForm::kOwn;
}

HttpReply FromReply(ApiReply reply) {
  HttpReply http;
  http.status = reply.status;
  http.content_type = std::move(reply.content_type);
  http.body = std::move(reply.body);
  if (http.status == 503) http.headers.emplace_back("Retry-After", "1");
  return http;
}

HttpReply ErrorOf(ErrorForm form, Reason reason, int status, std::string detail) {
  if (form == ErrorForm::kAtis) {
    HttpReply reply = FromReply(RequestErrorReply({reason, {}}));
    if (reply.status == status) return reply;
  }
  return FromReply(ErrorReply(static_cast<uint16_t>(status), Fail(reason, std::move(detail))));
}

HttpReply Unavailable(std::string detail, std::chrono::milliseconds wait) {
  const bool rate = wait.count() > 0;
  HttpReply reply = FromReply(
      ErrorReply(rate ? 429 : 503,
                 Fail(rate ? Reason::kTooManyRequests : Reason::kOverloaded, std::move(detail))));
  if (rate) reply.headers.emplace_back("Retry-After", std::to_string(wait.count() / 1000 + 1));
  return reply;
}

// What is wrong with a request that is answered before anybody looked at what it wants.
std::string WhyRefused(int status) {
  switch (status) {
    case 408:
      return "the request comes too slowly";
    case 413:
      return "the body is longer than allowed";
    case 414:
      return "the request target is longer than allowed";
    case 431:
      return "the header fields are longer or more than allowed";
    case 501:
      return "this transfer coding is not supported";
    case 505:
      return "this version of HTTP is not supported";
    default:
      return "the request cannot be read: its first line, its header fields or their framing";
  }
}

// The answer to a request of which only this could be read (SVC4006).
HttpReply Unreadable(int status, const HttpRequest& request) {
  if (FormOf(request.path) != ErrorForm::kAtis || status == 500) {
    return ErrorOf(FormOf(request.path), Reason::kBodyInvalid, status, WhyRefused(status));
  }
  const auto length = request.HeaderList("content-length");
  const bool bad_length = status == 413 || (length && !ParseNumber(*length, UINT64_MAX / 2));
  ApiReply reply = RequestErrorReply(
      {Reason::kBodyInvalid,
       {bad_length ? "invalid message body length specified" : WhyRefused(status)}});
  reply.status = static_cast<uint16_t>(status);
  return FromReply(std::move(reply));
}

// Accepted as it is if it cannot do harm in a log or a header, else made.
std::string RequestIdOf(const HttpRequest& request, RandomUuids& fresh) {
  const auto given = request.Header("x-requestid");
  const auto printable = [](char c) { return c >= 0x20 && c < 0x7f; };
  if (given && !given->empty() && given->size() <= kMaxRequestId &&
      std::all_of(given->begin(), given->end(), printable)) {
    return std::string(*given);
  }
  auto uuid = fresh.Next();
  return uuid ? std::move(*uuid) : "unknown";
}

// nullptr: no evidence is kept.
const CallRecorder* RecorderOf(const ApplicationState& state) {
  return state.recorder ? &*state.recorder : nullptr;
}

// nullptr: calls are not counted by their sources.
const PoolCounter* PoolsOf(const ApplicationState& state) {
  return state.pools ? &*state.pools : nullptr;
}

// All that have a body but for the streamed one and the form.
bool TakesJson(const Endpoint& endpoint) {
  return endpoint.method == "POST" && endpoint.id != EndpointId::kBatch &&
         endpoint.id != EndpointId::kReload && endpoint.id != EndpointId::kEvidenceSearch;
}

bool HasForm(const HttpRequest& request) {
  const auto type = request.Header("content-type");
  const auto coding = request.HeaderList("content-encoding");
  return type && EqualsIgnoreCase(Trim(type->substr(0, type->find(';'))), kFormType) &&
         (!coding || IsIdentityCoding(*coding));
}

std::string_view WithoutDefaultPort(std::string_view host) {
  for (const std::string_view port : {":80", ":443"}) {
    if (host.ends_with(port)) return host.substr(0, host.size() - port.size());
  }
  return host;
}

// Whether nobody's name server says where `host` is, which may have a port.
bool NeedsNoName(std::string_view host) {
  if (host.starts_with('[')) return true;
  const std::string name(host.substr(0, host.find(':')));
  return EqualsIgnoreCase(name, "localhost") || IsIpAddress(name);
}

// A page of another origin makes a browser, which reaches what its user reaches, send requests
// here. Where a token is needed it has none; where none is, this tells such a request: browsers say
// from where they post, but where they came by plain HTTP only by the origin. Who wrote the page
// may have had its name lead here (DNS rebinding), so there the own origin has no name.
bool IsOfAnotherOrigin(const HttpRequest& request) {
  if (const auto site = request.Header("sec-fetch-site")) {
    return *site != "same-origin" && *site != "none";
  }
  const auto origin = request.Header("origin");
  if (!origin) return false;
  constexpr std::string_view kScheme = "://";
  const size_t scheme = origin->find(kScheme);
  const auto host = request.Header("host");
  if (scheme == std::string_view::npos || !host) return true;
  // Proxies drop and add it.
  const std::string_view own = WithoutDefaultPort(*host);
  return !EqualsIgnoreCase(WithoutDefaultPort(origin->substr(scheme + kScheme.size())), own) ||
         !NeedsNoName(own);
}

const WebFile* FileOf(std::string_view path) {
  for (const WebFile& file : WebFiles()) {
    if (file.path == path) return &file;
  }
  return nullptr;
}

HttpReply FileReply(const WebFile& file) {
  HttpReply reply;
  reply.status = 200;
  reply.content_type = file.content_type;
  reply.body = file.bytes;
  reply.headers.emplace_back("Content-Security-Policy", kContentSecurityPolicy);
  reply.headers.emplace_back("Referrer-Policy", "no-referrer");
  reply.headers.emplace_back("Cache-Control", "no-cache");
  return reply;
}

}  // namespace

// What is known of one request on its way.
struct Application::Context {
  const HttpRequest& request;
  std::shared_ptr<const ApplicationState> state;
  std::string request_id;
  std::string_view endpoint = "other";
  std::string token;  // its name
  std::vector<CallSummary> calls;
  // What is left of its time.
  [[nodiscard]] std::chrono::milliseconds Left() const {
    return state->deadline -
           std::chrono::duration_cast<std::chrono::milliseconds>(request.ready.Elapsed());
  }
  [[nodiscard]] Deadline deadline() const { return Deadline::After(Left()); }
};

Application::Application(std::shared_ptr<const Clock> clock, std::shared_ptr<Traffic> traffic,
                         std::shared_ptr<AccessLog> log, ApplicationHooks hooks)
    : clock_(std::move(clock)),
      traffic_(std::move(traffic)),
      log_(std::move(log)),
      hooks_(std::move(hooks)),
      refusal_lines_(RateLimiter::Limits{kRefusalLines}) {}

void Application::Replace(std::shared_ptr<const ApplicationState> state) {
  const std::lock_guard lock(state_mutex_);
  state_ = std::move(state);
}

std::shared_ptr<const ApplicationState> Application::state() const {
  const std::lock_guard lock(state_mutex_);
  return state_;
}

bool Application::IsStream(std::string_view method, std::string_view path) const {
  return method == "POST" && path == "/v1/calls:batch";
}

HttpReply Application::Refuse(int status, const HttpRequest& request) {
  const Context context{request, state(), RequestIdOf(request, request_ids_), "refused", {}, {}};
  HttpReply reply = status == 503
                        ? Unavailable("too many requests are waiting", std::chrono::milliseconds(0))
                        : Unreadable(status, request);
  reply.headers.emplace_back("X-RequestID", context.request_id);
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(uptime_.Elapsed());
  if (status == 503 && refusal_lines_.Take("", now).count() > 0) {
    // Writing down each of a flood would take the time that it leaves.
    traffic_->CountRequest(context.endpoint, reply.status);
    ++unlisted_;
  } else {
    Record(context, reply.status);
  }
  return reply;
}

void Application::TellUnlisted() {
  const uint64_t count = unlisted_.exchange(0);
  if (count == 0) return;
  log_->Event(clock_->Now(), "refused",
              std::to_string(count) + " more requests were too many, and have no line here");
}

HttpReply Application::Answer(const HttpRequest& request) {
  Context context{request, state(), RequestIdOf(request, request_ids_), "other", {}, {}};
  traffic_->Observe(Stage::kQueue, request.ready.Elapsed());
  HttpReply reply;
  try {
    reply = Route(context);
  } catch (const std::exception& error) {
    log_->Event(clock_->Now(), "internal-error", context.request_id + ": " + error.what());
    reply = ErrorOf(FormOf(request.path), Reason::kInternalError, 500, "see the log");
  }
  reply.headers.emplace_back("X-RequestID", context.request_id);
  reply.headers.emplace_back("X-Content-Type-Options", "nosniff");
  traffic_->Observe(Stage::kTotal, request.since.Elapsed());
  if (!reply.stream) Record(context, reply.status);
  return reply;
}

HttpReply Application::Route(Context& context) {
  const HttpRequest& request = context.request;
  const ErrorForm form = FormOf(request.path);
  const bool get = request.method == "GET" || request.method == "HEAD";
  std::string allowed;  // of the methods that the path has
  for (const Endpoint& endpoint : kEndpoints) {
    if (!MatchesPath(endpoint.path, request.path)) continue;
    allowed += (allowed.empty() ? "" : ", ");
    allowed += endpoint.method == "GET" ? kGetMethods : endpoint.method;
    if (endpoint.method != request.method && !(get && endpoint.method == "GET")) continue;
    context.endpoint = endpoint.path;
    if (auto refused = CheckAccess(endpoint, context)) return std::move(*refused);
    return Serve(endpoint, context);
  }
  if (const WebFile* file = allowed.empty() ? FileOf(request.path) : nullptr) {
    context.endpoint = "page";
    if (get) return FileReply(*file);
    allowed = kGetMethods;
  }
  if (allowed.empty())
    return ErrorOf(form, Reason::kResourceNotFound, 404, "there is no such resource");
  HttpReply reply = ErrorOf(form, Reason::kMethodNotAllowed, 405, "this method is not allowed");
  reply.headers.emplace_back("Allow", std::move(allowed));
  return reply;
}

std::optional<HttpReply> Application::CheckAccess(const Endpoint& endpoint, Context& context) {
  const ApplicationState& state = *context.state;
  const AccessToken* token = state.tokens.Find(context.request.Header("authorization"));
  if (token != nullptr) context.token = token->name;
  const bool open = endpoint.scope == Scope::kPublic ||
                    (endpoint.scope == Scope::kVerify &&
                     state.verify_access == ApplicationState::VerifyAccess::kAnyone);
  const bool granted = token != nullptr && std::find(token->scopes.begin(), token->scopes.end(),
                                                     endpoint.scope) != token->scopes.end();
  if (!open && !granted) {
    HttpReply reply = FromReply(ErrorReply(
        token == nullptr ? 401 : 403,
        Fail(Reason::kNotPermitted,
             "this needs a token with the scope " + std::string(ScopeName(endpoint.scope)))));
    if (token == nullptr) reply.headers.emplace_back("WWW-Authenticate", "Bearer");
    return reply;
  }
  if (token == nullptr && endpoint.method == "POST" && IsOfAnotherOrigin(context.request)) {
    return FromReply(ErrorReply(
        403, Fail(Reason::kNotPermitted, "a page of another origin needs a token to post here")));
  }
  if (endpoint.scope == Scope::kPublic) return std::nullopt;
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(uptime_.Elapsed());
  const auto wait =
      state.rate->Take(context.token.empty() ? context.request.client : context.token, now);
  if (wait.count() > 0) return Unavailable("this client sends too many requests", wait);
  if (context.Left().count() <= 0) {
    return Unavailable("the request waited too long", std::chrono::milliseconds(0));
  }
  return std::nullopt;
}

HttpReply Application::Serve(const Endpoint& endpoint, Context& context) {
  const HttpRequest& request = context.request;
  const ApplicationState& state = *context.state;
  if (TakesJson(endpoint)) {
    const auto accept = request.HeaderList("accept");
    const auto coding = request.HeaderList("content-encoding");
    const RequestHead head{request.method, request.Header("content-type"), accept,
                           request.Header("content-length"), coding};
    if (const auto error = CheckRequestHead(head)) {
      ApiReply reply = RequestErrorReply(*error);
      if (endpoint.errors == ErrorForm::kAtis) return FromReply(std::move(reply));
      return FromReply(
          ErrorReply(reply.status, Fail(error->reason, std::string(Info(error->reason).advice))));
    }
  }
  switch (endpoint.id) {
    case EndpointId::kAtisVerification:
      return FromApi(AtisVerification(*state.core, request.body, context.deadline(),
                                      RecorderOf(state), PoolsOf(state)),
                     context);
    case EndpointId::kAtisSigning:
      return FromReply(
          AtisSigning(state.signer.get(), request.body, state.core->options().dial_plan));
    case EndpointId::kCalls:
      return FromApi(JudgeCall(*state.core, state.policy.get(), request.body, context.deadline(),
                               RecorderOf(state), PoolsOf(state)),
                     context);
    case EndpointId::kBatch:
      return Batch(context);
    case EndpointId::kDecode:
      return FromReply(DecodeText(request.body, clock_->Now()));
    case EndpointId::kSamples:
      return SampleCalls();
    case EndpointId::kTrust: {
      std::vector<std::string> x5us;
      {
        const std::lock_guard lock(signers_mutex_);
        x5us.assign(signers_.begin(), signers_.end());
      }
      return FromReply(JsonReply(200, TrustJson(*state.core, x5us)));
    }
    case EndpointId::kTraffic:
      return FromReply(JsonReply(200, traffic_->Json(clock_->Now())));
    case EndpointId::kEvidence:
    case EndpointId::kEvidenceSearch:
    case EndpointId::kEvidenceRecord:
    case EndpointId::kEvidenceExport:
      return WithStore([&] { return Evidence(endpoint, context); });
    case EndpointId::kPools:
    case EndpointId::kPoolRelease:
      return Pools(endpoint, context);
    case EndpointId::kFileComplaint:
    case EndpointId::kComplaints:
    case EndpointId::kComplaint:
    case EndpointId::kReport:
      return WithStore([&] { return Complaints(endpoint, context); });
    case EndpointId::kMetrics: {
      HttpReply reply;
      reply.status = 200;
      reply.content_type = "text/plain; version=0.0.4; charset=utf-8";
      reply.body = Metrics(state);
      return reply;
    }
    case EndpointId::kReload:
      return Reload();
    case EndpointId::kHealth:
      return FromReply(JsonReply(200, JsonMembers{{"status", "ok"}}));
    case EndpointId::kReady:
      return Ready(state);
  }
  return ErrorOf(endpoint.errors, Reason::kInternalError, 500, "");
}

HttpReply Application::FromApi(ApiReply reply, Context& context) {
  for (const CallSummary& call : reply.calls) {
    traffic_->CountCall(call, clock_->Now());
    Remember(call);
  }
  context.calls = std::move(reply.calls);
  return FromReply(std::move(reply));
}

void Application::Remember(const CallSummary& call) {
  if (call.reason != Reason::kNone || call.x5u.empty()) return;
  const std::lock_guard lock(signers_mutex_);
  if (!signers_.empty() && signers_.front() == call.x5u) return;
  signers_.remove(call.x5u);
  signers_.push_front(call.x5u);
  if (signers_.size() > kMaxSigners) signers_.pop_back();
}

HttpReply Application::Batch(Context& context) {
  HttpReply reply;
  reply.status = 200;
  reply.content_type = "application/x-ndjson";
  if (const auto coding = context.request.HeaderList("content-encoding");
      coding && !IsIdentityCoding(*coding)) {
    return ErrorOf(ErrorForm::kOwn, Reason::kRequestTypeUnsupported, 415, "no content coding");
  }
  // Outlives this call: the answer is written while the request is read.
  reply.stream = [this, state = context.state](LineSource& lines, const LineSink& sink) {
    CallBatch batch(state->core, state->policy, RecorderOf(*state), PoolsOf(*state));
    bool ended = false;
    while (!ended) {
      std::vector<std::string> together;
      std::optional<Failure> failure;
      do {
        auto line = lines.Next();
        if (!line) failure = line.error();
        ended = line ? !*line : !lines.GoesOn();
        if (line && *line && !TrimLines(**line).empty()) together.push_back(std::move(**line));
      } while (!failure && !ended && together.size() < kMostTogether && lines.HasLine());
      if (!AnswerLines(batch.Judge(together, state->deadline), sink)) return;
      if (failure && !sink(ErrorReply(400, *failure).body + "\n")) return;
    }
  };
  Record(context, 200);
  return reply;
}

bool Application::AnswerLines(const std::vector<ApiReply>& answers, const LineSink& sink) {
  for (const ApiReply& answer : answers) {
    for (const CallSummary& call : answer.calls) {
      traffic_->CountCall(call, clock_->Now());
      Remember(call);
    }
    if (!sink(answer.body + "\n")) return false;
  }
  return true;
}

// What /readyz answers, if the service is not ready.
std::optional<JsonMembers> Application::NotReady(const ApplicationState& state) const {
  if (hooks_.draining()) return JsonMembers{{"ready", false}, {"reason", "draining"}};
  auto failure = state.core->NotReady();
  if (!failure) failure = WouldRefuse(RecorderOf(state));
  if (failure) {
    return JsonMembers{
        {"ready", false}, {"reason", Info(failure->reason).id}, {"detail", failure->detail}};
  }
  // Calls pass, and their evidence is spilled: but somebody must look at the store.
  const std::string_view altered = Info(Reason::kEvidenceAltered).id;
  if (desk_ != nullptr && desk_->writer().Statistics().last_failure.starts_with(altered)) {
    return JsonMembers{{"ready", false}, {"reason", altered}};
  }
  return std::nullopt;
}

HttpReply Application::Ready(const ApplicationState& state) const {
  const auto why_not = NotReady(state);
  return FromReply(why_not ? JsonReply(503, *why_not)
                           : JsonReply(200, JsonMembers{{"ready", true}}));
}

HttpReply Application::SampleCalls() const {
  if (!samples_) return ErrorOf(ErrorForm::kOwn, Reason::kResourceNotFound, 404, "only in a demo");
  auto samples = samples_();
  if (!samples) return ErrorOf(ErrorForm::kOwn, Reason::kInternalError, 500, "no samples");
  return FromReply(JsonReply(200, JsonMembers{{"samples", std::move(*samples)}}));
}

HttpReply Application::Pools(const Endpoint& endpoint, const Context& context) const {
  const PoolCounter* counter = PoolsOf(*context.state);
  if (counter == nullptr) {
    return ErrorOf(ErrorForm::kOwn, Reason::kResourceNotFound, 404, "pools are not counted here");
  }
  if (endpoint.id == EndpointId::kPools) {
    return FromReply(ListPools(*counter->pools, PreciseNow()));
  }
  HttpReply reply =
      FromReply(ReleasePool(*counter->pools, context.request.body, {PreciseNow(), context.token}));
  if (reply.status == 200) log_->Event(clock_->Now(), "pool-released", "by " + context.token);
  return reply;
}

// What reads the store may wait for it, or search long: so few at a time that calls keep workers
// and processors, whatever the store does.
template <class Work>
HttpReply Application::WithStore(Work work) {
  if (desk_ == nullptr) {
    return ErrorOf(ErrorForm::kOwn, Reason::kResourceNotFound, 404, "no evidence is kept here");
  }
  struct Place {
    explicit Place(std::atomic<size_t>& places) : taken(places), before(places.fetch_add(1)) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { --taken; }
    std::atomic<size_t>& taken;
    size_t before;
  };
  const Place place(store_requests_);
  if (place.before >= store_readers_) {
    return Unavailable("others are reading the evidence", std::chrono::milliseconds(0));
  }
  HttpReply reply = work();
  reply.headers.emplace_back("Cache-Control", "no-store");  // numbers, and who reads is recorded
  return reply;
}

HttpReply Application::Evidence(const Endpoint& endpoint, const Context& context) const {
  const EvidenceReader reader{desk_->evidence(), context.state->core->options().dial_plan,
                              context.token, clock_->Now(),
                              desk_->writer().Statistics().spilled_since};
  if (endpoint.id == EndpointId::kEvidence) {
    return FromReply(FindEvidence(reader, context.request.query));
  }
  if (endpoint.id == EndpointId::kEvidenceSearch) {
    if (!context.request.Header("content-length")) {
      // Such a body was not read (chunks): without it, this would be a search for everything.
      return ErrorOf(ErrorForm::kOwn, Reason::kContentLengthMissing, 411,
                     "Content-Length is needed");
    }
    if (!HasForm(context.request)) {
      return ErrorOf(ErrorForm::kOwn, Reason::kRequestTypeUnsupported, 415,
                     std::string(kFormType) + " is wanted");
    }
    return FromReply(FindEvidence(reader, context.request.body));
  }
  const std::string_view id = IdInPath(endpoint.path, context.request.path);
  return FromReply(endpoint.id == EndpointId::kEvidenceRecord ? ShowEvidence(reader, id)
                                                              : ExportEvidence(reader, id));
}

HttpReply Application::Complaints(const Endpoint& endpoint, const Context& context) const {
  const HttpRequest& request = context.request;
  const ComplaintDesk desk{desk_->evidence(), context.state->core->options().dial_plan,
                           context.token, clock_->Now(),
                           desk_->writer().Statistics().spilled_since};
  switch (endpoint.id) {
    case EndpointId::kFileComplaint:
      return FromReply(FileComplaintText(desk, request.body));
    case EndpointId::kComplaints:
      return FromReply(ListComplaints(desk, request.query));
    case EndpointId::kComplaint:
      return FromReply(ShowComplaintOf(desk, IdInPath(endpoint.path, request.path)));
    default: {
      const PoolCounter* counter = PoolsOf(*context.state);
      return FromReply(
          ReportParties(desk, request.query, counter != nullptr ? counter->pools.get() : nullptr));
    }
  }
}

HttpReply Application::Reload() {
  const auto notes = hooks_.reload();
  if (!notes) return FromReply(ErrorReply(409, notes.error()));
  JsonArray list;
  for (const std::string& note : *notes) list.emplace_back(note);
  return FromReply(JsonReply(200, JsonMembers{{"reloaded", true}, {"notes", std::move(list)}}));
}

void Application::Record(const Context& context, int status) {
  traffic_->CountRequest(context.endpoint, status);
  const AccessEntry entry{clock_->Now(),
                          context.request_id,
                          context.request.client,
                          context.token,
                          context.endpoint,
                          status,
                          context.request.since.Elapsed()};
  log_->Write(entry, context.calls.empty() ? nullptr : &context.calls.front());
}

void Application::PrintPoolMetrics(const CallerPools& pools, std::string& text) {
  const PoolStatistics known = pools.Statistics();
  MetricPrinter metrics(text);
  metrics.Gauge("callvet_pools_flagged", "Sources of calls that are flagged.", known.flagged);
  metrics.Gauge("callvet_pool_sources", "Sources of calls in memory.", known.sources);
  metrics.Gauge("callvet_pool_bytes", "Memory of their counters.", known.bytes);
  metrics.Gauge("callvet_pool_share_queue", "Calls that Redis is still to be told of.",
                known.share_queue);
  metrics.Gauge("callvet_pool_share_failing", "1 if Redis failed last.",
                known.last_failure.empty() ? 0 : 1);
  metrics.Counter("callvet_pool_calls_total", "Calls counted by their sources.", known.counted);
  metrics.Counter("callvet_pool_evicted_total", "Sources forgotten for want of memory.",
                  known.evicted);
  metrics.Counter("callvet_pools_flagged_total", "Times that a source was flagged.",
                  known.flagged_total);
  metrics.Counter("callvet_pools_not_flagged_total", "Times that there were too many flags.",
                  known.not_flagged);
  metrics.Counter("callvet_pool_hits_total", "Calls of flagged sources.", known.hits);
  metrics.Counter("callvet_pool_shared_total", "Calls counted in Redis.", known.shared);
  metrics.Counter("callvet_pool_not_shared_total", "Calls that Redis was not told of.",
                  known.not_shared);
  metrics.Counter("callvet_pool_share_failures_total", "Failures of Redis.", known.share_failures);
}

void Application::PrintEngineMetrics(const Es256Statistics& engine, std::string& text) {
  MetricPrinter metrics(text);
  text +=
      "# HELP callvet_signature_engine Which code verifies signatures.\n"
      "# TYPE callvet_signature_engine gauge\ncallvet_signature_engine{path=" +
      LabelValue(engine.path) + "} 1\n";
  metrics.Gauge("callvet_signature_tables", "Signers' keys with a table.", engine.tables_resident);
  metrics.Gauge("callvet_signature_table_bytes", "Memory of their tables.",
                engine.tables_resident * engine.table_bytes);
  metrics.Gauge("callvet_signature_table_limit_bytes", "What tables may take.",
                engine.tables_capacity * engine.table_bytes);
  metrics.Counter("callvet_signature_promotions_total", "Tables built.", engine.tables_built);
  metrics.Counter("callvet_signature_demotions_total", "Tables given up for another key's.",
                  engine.tables_evicted);
  metrics.Counter("callvet_signatures_by_table_total", "Verified with a table.", engine.by_table);
  metrics.Counter("callvet_signatures_by_openssl_total", "Left to OpenSSL.", engine.by_openssl);
  metrics.Counter("callvet_signature_cross_checks_total", "Verified both ways.",
                  engine.cross_checks);
  metrics.Counter("callvet_signature_disagreements_total",
                  "Of these with different answers: after the first one OpenSSL verifies all.",
                  engine.disagreements);
}

std::string Application::Metrics(const ApplicationState& state) const {
  std::string text = traffic_->MetricsText();
  MetricPrinter metrics(text);
  const ConnectionStatistics connections = hooks_.connections();
  metrics.Gauge("callvet_connections", "Open connections.", connections.open);
  metrics.Gauge("callvet_queued_requests", "Requests that wait for a worker.", connections.queued);
  metrics.Gauge("callvet_batches", "Batches under way.", connections.streams);
  metrics.Counter("callvet_connections_accepted_total", "Connections accepted.",
                  connections.accepted);
  metrics.Counter("callvet_connections_evicted_total", "Idle connections ended to make room.",
                  connections.evicted);
  metrics.Counter("callvet_connections_timed_out_total", "Connections ended as too slow or idle.",
                  connections.timed_out);
  metrics.Counter("callvet_requests_refused_total", "Requests refused by overload.",
                  connections.refused);
  const VerificationCore& core = *state.core;
  const sys_seconds now = core.Now();
  metrics.Gauge("callvet_ready", "1 if /readyz says that the service is ready.",
                NotReady(state) ? 0 : 1);
  const auto store = core.trust();
  metrics.Gauge("callvet_trust_anchors", "Anchors that count.", store->AnchorsAt(now).size());
  double oldest = 0;
  double overdue = 0;
  for (const Crl& crl : store->crls()) {
    oldest = std::max(oldest, static_cast<double>((now - crl.this_update()).count()));
    if (crl.next_update() && *crl.next_update() < now) ++overdue;
  }
  metrics.Gauge("callvet_crls", "Revocation lists.", store->crls().size());
  metrics.Gauge("callvet_crl_oldest_age_seconds", "Age of the oldest revocation list.", oldest);
  metrics.Gauge("callvet_crls_overdue", "Revocation lists past their next update.", overdue);
  if (const auto list = core.trust_list()) {
    metrics.Gauge("callvet_trust_list_age_seconds", "Since the STI-PA list was accepted.",
                  (now - list->accepted_at).count());
    metrics.Gauge("callvet_trust_list_expires_seconds", "Until the STI-PA list expires.",
                  (list->list.expires() - now).count());
  }
  const WaitingRoom::Statistics waiting = core.waiting();
  metrics.Gauge("callvet_certificate_waiting", "Calls that wait for a certificate.",
                waiting.waiting);
  metrics.Counter("callvet_certificate_waiting_refused_total", "Calls that could not wait.",
                  waiting.refused);
  if (core.repository()) {
    const RepositoryStatistics cache = core.repository()->Statistics();
    metrics.Gauge("callvet_certificate_cache_entries", "Certificates in memory.",
                  cache.memory_entries);
    metrics.Counter("callvet_certificate_cache_hits_total", "Found in memory.", cache.memory_hits);
    metrics.Counter("callvet_certificate_cache_misses_total", "Neither in memory nor on disk.",
                    cache.misses);
    metrics.Counter("callvet_certificate_fetches_total", "Downloads begun.", cache.fetches);
    metrics.Counter("callvet_certificate_fetch_failures_total", "Downloads failed.",
                    cache.fetch_failures);
    metrics.Counter("callvet_certificate_stale_served_total", "Stale copies used.",
                    cache.stale_served);
    metrics.Counter("callvet_certificate_disk_evictions_total",
                    "Certificates that left the cache directory for lack of room.",
                    cache.disk_evictions);
  }
  PrintEngineMetrics(core.engine(), text);
  if (desk_ != nullptr) {
    const EvidenceStatistics evidence = desk_->writer().Statistics();
    metrics.Gauge("callvet_evidence_queued", "Records in memory.", evidence.queued);
    metrics.Gauge("callvet_evidence_spill_bytes", "Bytes that wait in spill files.",
                  evidence.spill_bytes);
    const auto since = evidence.spilled_since;
    metrics.Gauge("callvet_evidence_spill_age_seconds",
                  "Age of the oldest record that waits in them.",
                  since ? std::max(0.0, static_cast<double>((clock_->Now() - *since).count())) : 0);
    metrics.Gauge("callvet_evidence_failing", "1 if store or spill failed last.",
                  evidence.last_failure.empty() ? 0 : 1);
    metrics.Counter("callvet_evidence_stored_total", "Records stored.", evidence.stored);
    metrics.Counter("callvet_evidence_spilled_total", "Records spilled.", evidence.spilled);
    metrics.Counter("callvet_evidence_refused_total", "Calls refused without evidence.",
                    evidence.refused);
    metrics.Counter("callvet_evidence_lost_total", "Calls that left no evidence.", evidence.lost);
    metrics.Counter("callvet_evidence_damaged_total", "Places in spill files that cannot be read.",
                    evidence.damaged);
    metrics.Gauge("callvet_evidence_torn_files", "Spill files kept aside as *.torn.",
                  evidence.torn_files);
    metrics.Counter("callvet_evidence_failures_total", "Failures of store or spill.",
                    evidence.store_failures);
  }
  if (const PoolCounter* pools = PoolsOf(state)) PrintPoolMetrics(*pools->pools, text);
  metrics.Gauge("callvet_uptime_seconds", "Since the start.",
                static_cast<double>(uptime_.Elapsed().count()) / 1e6);
  return text;
}

}  // namespace callvet::service
