/// Cells: one task, measured by one protocol, in one format.
#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <string_view>

#include "quantlens/core/error.hpp"

namespace quantlens::inline v0_1 {

/// What is measured, whatever the format; rows call it "task" and spell it `starter_topics/nle`.
struct TaskProtocol {
  std::string task;
  std::string protocol;

  [[nodiscard]] std::string name() const { return task + "/" + protocol; }
  auto operator<=>(const TaskProtocol&) const = default;
};

/// One benchmark: named `<task>/<protocol>/<format>`, such as `starter_topics/nle/rtn-w4-g32`.
struct Cell {
  TaskProtocol what;
  std::string format;

  [[nodiscard]] std::string name() const { return what.name() + "/" + format; }
  auto operator<=>(const Cell&) const = default;
};

}  // namespace quantlens::inline v0_1
