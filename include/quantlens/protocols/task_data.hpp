/// The data files of a task, as rows of named strings.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/io/csv.hpp"
#include "quantlens/io/jsonl.hpp"

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

namespace detail {

[[nodiscard]] inline std::string row_name(const std::filesystem::path& path, std::size_t index) {
  return concat(path.string(), " row ", index + 1);
}

/// Strings stay, numbers are spelled as JSON spells them; everything else is no column.
[[nodiscard]] inline std::vector<DataRow> jsonl_rows(const std::filesystem::path& path) {
  std::vector<DataRow> rows;
  for (const nlohmann::json& line : read_jsonl(path)) {
    DataRow row{row_name(path, rows.size()), {}};
    if (!line.is_object()) throw InputError("task_row", row.where + " is not a JSON object");
    for (const auto& [key, value] : line.items()) {
      if (value.is_string()) row.columns[key] = value.get<std::string>();
      if (value.is_number()) row.columns[key] = value.dump();
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

/// `columns` names the columns of a file that has no header line; empty: the first line does.
[[nodiscard]] inline std::vector<DataRow> csv_rows(const std::filesystem::path& path, char separator,
                                                   const std::vector<std::string>& columns) {
  CsvTable table;
  if (columns.empty()) {
    table = read_csv(path, separator);
  } else {
    table = {columns, read_csv_records(path, separator)};
  }
  std::vector<DataRow> rows;
  for (const auto& record : table.rows) {
    DataRow row{row_name(path, rows.size()), {}};
    if (record.size() != table.header.size())
      throw InputError("task_row",
                       concat(row.where, ": expected ", table.header.size(), " columns, got ", record.size()));
    for (std::size_t i = 0; i < record.size(); ++i) row.columns[table.header[i]] = record[i];
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace detail

/// Reads a data file whose `format` is jsonl, csv or tsv. Errors name the file and the row, a header line not counted.
[[nodiscard]] inline std::vector<DataRow> read_data_rows(const std::filesystem::path& path, std::string_view format,
                                                         const std::vector<std::string>& columns) {
  if (format == "jsonl") return detail::jsonl_rows(path);
  return detail::csv_rows(path, format == "tsv" ? '\t' : ',', columns);
}

}  // namespace quantlens::inline v0_1
