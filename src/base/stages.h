// SPDX-License-Identifier: MIT
#pragma once

#include <exception>

namespace callvet {

/// Steps of which each has its turn, whatever those before it throw. Not thread-safe.
class Stages {
 public:
  template <class Step>
  void Run(const Step& step) {
    try {
      step();
    } catch (...) {
      if (trouble_ == nullptr) trouble_ = std::current_exception();
    }
  }
  /// Throws what was thrown first, if anything was.
  void Rethrow() const {
    if (trouble_ != nullptr) std::rethrow_exception(trouble_);
  }

 private:
  std::exception_ptr trouble_;
};

}  // namespace callvet
