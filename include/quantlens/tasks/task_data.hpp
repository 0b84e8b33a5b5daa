/// The data files of a task, as rows of named strings.
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/io/csv.hpp"
#include "quantlens/io/json.hpp"
#include "quantlens/io/jsonl.hpp"
#include "quantlens/tasks/data_row.hpp"
#include "quantlens/tasks/lre_data.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace detail {

[[nodiscard]] inline std::string row_name(const std::filesystem::path& path, std::size_t index) {
  return concat(path.string(), " row ", index + 1);
}

/// What a message says of a JSON value that is neither text nor a number nor a list of these.
[[nodiscard]] inline std::string no_text(const nlohmann::json& value) {
  if (value.is_object()) return "is an object; use text or a number";
  if (value.is_array()) return "is a list of more than texts and numbers; use these alone";
  if (value.is_null()) return "is null; use text or a number, or leave the row out";
  return concat("is ", value.dump(), "; use text or a number, such as \"", value.dump(), "\" in quotes");
}

/// Strings stay, numbers are spelled as JSON spells them, a list of both is a JSON list of strings; every other value
/// is one that nobody may ask for.
[[nodiscard]] inline std::vector<DataRow> json_rows(const std::vector<nlohmann::json>& objects,
                                                    const std::filesystem::path& path) {
  const auto text_of = [](const nlohmann::json& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
  };
  const auto is_scalar = [](const nlohmann::json& value) { return value.is_string() || value.is_number(); };
  std::vector<DataRow> rows;
  for (const nlohmann::json& object : objects) {
    DataRow row{row_name(path, rows.size()), {}, {}};
    if (!object.is_object())
      throw InputError("task_row", concat(row.where, ": expected a JSON object whose keys name columns, got ",
                                          object.is_array() ? "a list; is the file's format json?" : object.dump()));
    for (const auto& [key, value] : object.items()) {
      if (is_scalar(value)) {
        row.columns[key] = text_of(value);
      } else if (value.is_array() && std::all_of(value.begin(), value.end(), is_scalar)) {
        nlohmann::json list = nlohmann::json::array();
        for (const nlohmann::json& element : value) list.push_back(text_of(element));
        row.columns[key] = list.dump();
      } else {
        row.unusable[key] = no_text(value);
      }
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

/// The rows of a JSON file: a list, or the one list that is a member of an object.
[[nodiscard]] inline std::vector<nlohmann::json> rows_of_json(const std::filesystem::path& path) {
  const nlohmann::json document = read_json_file(path);
  const nlohmann::json* list = document.is_array() ? &document : nullptr;
  if (document.is_object())
    for (const nlohmann::json& member : document) {
      if (!member.is_array()) continue;
      if (list != nullptr) throw InputError("task_row", path.string() + " has more than one list of rows");
      list = &member;
    }
  if (list == nullptr) throw InputError("task_row", path.string() + " has no list of rows");
  return list->get<std::vector<nlohmann::json>>();
}

/// `columns` names the columns of a file that has no header line; empty: the first line does.
[[nodiscard]] inline std::vector<DataRow> csv_rows(const std::filesystem::path& path, char separator,
                                                   const std::vector<std::string>& columns) {
  CsvTable table;
  if (columns.empty()) {
    table = read_csv(path, separator);
  } else {
    table = {columns, read_csv_records(path, separator, columns.size())};
  }
  std::vector<DataRow> rows;
  for (auto& record : table.rows) {
    DataRow row{row_name(path, rows.size()), {}, {}};
    for (std::size_t i = 0; i < record.size(); ++i)
      if (!row.columns.emplace(table.header[i], std::move(record[i])).second)
        row.unusable[table.header[i]] = "is the name of two columns; rename one";
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace detail

/// Reads a data file whose `format` is csv, json, jsonl or tsv, or a folder of files whose format is lre.
/// Errors name the file and the row, a header line not counted.
[[nodiscard]] inline std::vector<DataRow> read_data_rows(const std::filesystem::path& path, std::string_view format,
                                                         const std::vector<std::string>& columns) {
  if (format == "lre") return read_lre_folder(path);
  if (format == "json") return detail::json_rows(detail::rows_of_json(path), path);
  if (format == "jsonl") return detail::json_rows(read_jsonl(path), path);
  return detail::csv_rows(path, format == "tsv" ? '\t' : ',', columns);
}

}  // namespace quantlens::inline QUANTLENS_ABI
