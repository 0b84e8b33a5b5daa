/// One row of a task's data.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "quantlens/core/error.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// One row of a data file; `where` is how errors name it.
struct DataRow {
  std::string where;
  std::map<std::string, std::string, std::less<>> columns;
  /// Columns that hold no text: what stands there instead and what to do, as the rest of a sentence.
  std::map<std::string, std::string, std::less<>> unusable;

  /// Errors: InputError where the row has no such column, or one that is no text.
  [[nodiscard]] const std::string& at(std::string_view column) const {
    if (const auto found = unusable.find(column); found != unusable.end())
      throw InputError("task_row", concat(where, ": '", column, "' ", found->second));
    if (const auto found = columns.find(column); found != columns.end()) return found->second;
    std::string known;
    for (const auto& entry : columns) known += concat(" '", entry.first, "'");
    for (const auto& entry : unusable) known += concat(" '", entry.first, "'");
    throw InputError("task_row", concat(where, ": no column '", column, "'; it has", known.empty() ? " none" : known));
  }
};

}  // namespace quantlens::inline QUANTLENS_ABI
