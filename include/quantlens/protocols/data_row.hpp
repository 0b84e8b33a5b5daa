/// One row of a task's data.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "quantlens/core/error.hpp"

namespace quantlens::inline v0_1 {

/// One row of a data file; `where` is how errors name it.
struct DataRow {
  std::string where;
  std::map<std::string, std::string, std::less<>> columns;

  /// Errors: InputError where the row has no such column.
  [[nodiscard]] const std::string& at(std::string_view column) const {
    const auto found = columns.find(column);
    if (found != columns.end()) return found->second;
    std::string known;
    for (const auto& entry : columns) known += " " + entry.first;
    throw InputError("task_row", concat(where, ": no column '", column, "'; it has", known));
  }
};

}  // namespace quantlens::inline v0_1
