// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "callvet/certificate_source.h"

namespace callvet {

/// Asks another source for each thing once, and gives that answer again: so the PASSporTs of a call
/// that name one certificate wait for it once, and are judged by the same answer in whatever order.
/// For one call, on one thread. The source is borrowed.
class AskedOnce final : public CertificateSource {
 public:
  explicit AskedOnce(const CertificateSource& source) : source_(source) {}

  [[nodiscard]] Result<std::shared_ptr<const CertificateBundle>> Get(
      std::string_view x5u, const Deadline& deadline) const override {
    return Answer(bundles_, x5u, [&] { return source_.Get(x5u, deadline); });
  }
  [[nodiscard]] bool IsAtHand(std::string_view x5u) const override {
    return bundles_.contains(x5u) || source_.IsAtHand(x5u);
  }
  [[nodiscard]] Result<TnAuthList> GetTnAuthList(std::string_view url,
                                                 const Deadline& deadline) const override {
    return Answer(lists_, url, [&] { return source_.GetTnAuthList(url, deadline); });
  }
  void AddTo(std::string_view x5u, Footprint& footprint) const override {
    source_.AddTo(x5u, footprint);
  }

 private:
  template <class T>
  using Answers = std::map<std::string, Result<T>, std::less<>>;

  template <class T, class Ask>
  static Result<T> Answer(Answers<T>& answers, std::string_view url, const Ask& ask) {
    const auto known = answers.find(url);
    return known != answers.end() ? known->second : answers.emplace(url, ask()).first->second;
  }

  const CertificateSource& source_;
  mutable Answers<std::shared_ptr<const CertificateBundle>> bundles_;
  mutable Answers<TnAuthList> lists_;
};

}  // namespace callvet
