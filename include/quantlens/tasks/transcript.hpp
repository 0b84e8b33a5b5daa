/// What a model was asked about one item and what it answered: a JSON object for each question.
#pragma once

#include <cstddef>
#include <memory>
#include <nlohmann/json_fwd.hpp>

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// A list of JSON objects with the value semantics of one. Whoever only passes it on compiles no JSON.
class Transcript {
 public:
  Transcript();
  /// A list as the journal holds it.
  explicit Transcript(nlohmann::json list);
  Transcript(const Transcript& other);
  Transcript(Transcript&& other) noexcept;
  Transcript& operator=(Transcript other) noexcept;
  ~Transcript();

  void push_back(nlohmann::json step);
  /// Precondition: there is one.
  [[nodiscard]] nlohmann::json& back();
  [[nodiscard]] const nlohmann::json& back() const;
  /// Errors: std::exception beyond the last.
  [[nodiscard]] const nlohmann::json& operator[](std::size_t step) const;

  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] bool empty() const;
  [[nodiscard]] const nlohmann::json& json() const;

  friend bool operator==(const Transcript& a, const Transcript& b) { return a.equals(b); }

 private:
  [[nodiscard]] bool equals(const Transcript& other) const;

  std::unique_ptr<nlohmann::json> steps_;  // never null but in what was moved from
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/tasks/transcript_impl.hpp"
#endif
