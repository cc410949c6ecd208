// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "api/api_reply.h"
#include "api/complaints.h"
#include "callvet/rotation.h"

// /v1/complaints and /v1/report: text in, text out. Thread-safe.

namespace callvet {

/// POST /v1/complaints. `body` is an object: callee, about, and optionally caller, zone (an offset,
/// for an `about` that says none), tolerance_minutes, category, text, reference. The answer says
/// what was kept and nothing of calls, which are evidence: id, reference, received, about, and
/// whether it was filed before (200, else 201).
ApiReply FileComplaintText(const ComplaintDesk& desk, std::string_view body);

/// GET /v1/complaints. `query`: state, from, to (received), limit (1 to 1,000), before.
ApiReply ListComplaints(const ComplaintDesk& desk, std::string_view query);

/// GET /v1/complaints/{id}.
ApiReply ShowComplaintOf(const ComplaintDesk& desk, std::string_view id);

/// GET /v1/report. `query`: from, to (default: the last 24 hours), by, format (json or csv).
/// `pools` (may be nullptr): what is flagged in this process, and perhaps not kept yet.
ApiReply ReportParties(const ComplaintDesk& desk, std::string_view query,
                       const CallerPools* pools = nullptr);

}  // namespace callvet
