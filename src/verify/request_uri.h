// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "callvet/verifier.h"
#include "syntax/party.h"

namespace callvet {

/// An emergency number or service, as a Request-URI names it. A value.
struct EmergencyTarget {
  std::string digits;  // "" of a service
  /// Of police, fire or ambulance, which signers and networks name in many ways: one with all of
  /// its kind, while a helpline is one with itself alone.
  bool interchangeable = false;
};

/// What a Request-URI is: a number or service to compare, something that looks like one, or another
/// URI. A value.
struct RequestUri {
  /// The number that it is or may be taken for (DialledPart), or the service (RFC 5031); nobody's
  /// if that cannot be read.
  std::optional<Party> number{};
  /// A number in local form, seven digits and more, that says it is one, or a shorter one in a tel
  /// URI: who it is depends on where it is dialled.
  std::optional<Party> local{};
  /// The URI that it is where it is no whole number or service.
  std::optional<Party> contact{};
  /// `number` as an emergency number or service, if it is one.
  std::optional<EmergencyTarget> emergency{};
  /// Why there is neither `number` nor `local`; else empty.
  std::string ignored{};

  /// Never fails: what cannot be read is ignored, or nobody's if the next element may read a
  /// number.
  static RequestUri Read(const std::string& text, const VerifierOptions& options);
};

/// Whether `local`, a number in local form, may be dialled for `number` (both canonical): its end,
/// behind nothing or a trunk prefix; or `number` is a short code, behind an area's or a country's
/// code.
bool IsLocalFormOf(std::string_view local, std::string_view number, const DialPlan* plan);

}  // namespace callvet
