/// Cells: one task, measured by one protocol, in one format.
#pragma once

#include <compare>
#include <string>
#include <utility>

#include "quantlens/quant/format_spec.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What is measured, whatever the format; rows call it "task" and spell it `starter_topics/nle`.
struct TaskProtocol {
  std::string task;
  std::string protocol;

  [[nodiscard]] std::string name() const { return task + "/" + protocol; }
  auto operator<=>(const TaskProtocol&) const = default;
};

/// A format, parsed once and carried from the command line to whoever builds it; known by its canonical name.
class NamedFormat {
 public:
  NamedFormat() : NamedFormat(FormatSpec{}) {}
  /// Implicit, since it is the same format.
  NamedFormat(FormatSpec spec) : spec_(std::move(spec)), name_(spec_.name()) {}

  [[nodiscard]] const FormatSpec& spec() const noexcept { return spec_; }
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// Whether it is the model as its file has it, in floats.
  [[nodiscard]] bool is_full() const noexcept { return spec_.method == Method::full && spec_.overrides.empty(); }

  friend bool operator==(const NamedFormat& a, const NamedFormat& b) { return a.name_ == b.name_; }
  friend std::strong_ordering operator<=>(const NamedFormat& a, const NamedFormat& b) { return a.name_ <=> b.name_; }

 private:
  FormatSpec spec_;
  std::string name_;
};

/// One benchmark: named `<task>/<protocol>/<format>`, such as `starter_topics/nle/rtn-w4-g32`.
struct Cell {
  TaskProtocol what;
  NamedFormat format;

  [[nodiscard]] std::string name() const { return what.name() + "/" + format.name(); }
  auto operator<=>(const Cell&) const = default;
};

}  // namespace quantlens::inline QUANTLENS_ABI
