// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "callvet/certificate_source.h"
#include "callvet/content_source.h"
#include "callvet/verifier.h"

namespace callvet {

/// Asks another source, and notes what it answered: for one call, on one thread. Both are borrowed.
class NotingSource final : public CertificateSource {
 public:
  NotingSource(const CertificateSource& source, VerificationMaterial& material)
      : source_(source), material_(material) {}

  [[nodiscard]] Result<std::shared_ptr<const CertificateBundle>> Get(
      std::string_view x5u, const Deadline& deadline) const override {
    material_.certificates.push_back({std::string(x5u), source_.Get(x5u, deadline)});
    return material_.certificates.back().value;
  }
  [[nodiscard]] bool IsAtHand(std::string_view x5u) const override { return source_.IsAtHand(x5u); }
  [[nodiscard]] Result<TnAuthList> GetTnAuthList(std::string_view url,
                                                 const Deadline& deadline) const override {
    material_.tn_auth_lists.push_back({std::string(url), source_.GetTnAuthList(url, deadline)});
    return material_.tn_auth_lists.back().value;
  }
  void AddTo(std::string_view x5u, Footprint& footprint) const override {
    source_.AddTo(x5u, footprint);
  }

 private:
  const CertificateSource& source_;
  VerificationMaterial& material_;
};

/// The same for content that rich call data names.
class NotingContent final : public ContentSource {
 public:
  NotingContent(const ContentSource* source, VerificationMaterial& material)
      : source_(source), material_(material) {}

  [[nodiscard]] Result<std::string> Get(std::string_view url,
                                        const Deadline& deadline) const override {
    material_.contents.push_back({std::string(url), source_->Get(url, deadline)});
    return material_.contents.back().value;
  }

 private:
  const ContentSource* source_;
  VerificationMaterial& material_;
};

}  // namespace callvet
