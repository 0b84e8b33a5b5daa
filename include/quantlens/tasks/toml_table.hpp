/// One table of a task.toml, read with typed errors that name the file, the table and the key.
#pragma once

#include <toml++/toml.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/core/suggest.hpp"
#include "quantlens/io/mapped_file.hpp"
#include "quantlens/tasks/toml_bounds.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// A view of a table of a TOML document, which must outlive it. Every reader throws InputError where the key is missing
/// or of another type.
class TomlTable {
 public:
  /// `where` is how errors name the table, such as "tasks/agnews/task.toml [data]".
  TomlTable(const toml::table& table, std::string where) : table_(&table), where_(std::move(where)) {}

  [[nodiscard]] const std::string& where() const { return where_; }
  [[nodiscard]] bool has(std::string_view key) const { return table_->contains(key); }

  [[nodiscard]] std::vector<std::string> keys() const {
    std::vector<std::string> names;
    for (const auto& entry : *table_) names.emplace_back(entry.first.str());
    return names;
  }

  /// Errors: InputError for a key that is not known, with the nearest that is.
  void check_keys(const std::vector<std::string>& known) const {
    for (const std::string& key : keys())
      if (std::find(known.begin(), known.end(), key) == known.end())
        throw unknown_name(concat("key in ", where_, ":"), key, known);
  }

  [[nodiscard]] std::string string(std::string_view key) const {
    const auto value = node(key).value_exact<std::string>();
    if (!value) throw wrong_type(key, "a string");
    return *value;
  }
  [[nodiscard]] std::string string_or(std::string_view key, std::string_view otherwise) const {
    return has(key) ? string(key) : std::string(otherwise);
  }

  [[nodiscard]] std::size_t count_or(std::string_view key, std::size_t otherwise) const {
    if (!has(key)) return otherwise;
    const auto value = node(key).value_exact<std::int64_t>();
    if (!value || *value < 0) throw wrong_type(key, "a whole number from 0");
    return static_cast<std::size_t>(*value);
  }

  [[nodiscard]] bool boolean_or(std::string_view key, bool otherwise) const {
    if (!has(key)) return otherwise;
    const auto value = node(key).value_exact<bool>();
    if (!value) throw wrong_type(key, "true or false");
    return *value;
  }

  [[nodiscard]] std::vector<std::string> strings(std::string_view key) const {
    const toml::array* array = node(key).as_array();
    if (array == nullptr) throw wrong_type(key, "a list of strings");
    std::vector<std::string> values;
    for (const toml::node& element : *array) {
      const auto value = element.value_exact<std::string>();
      if (!value) throw wrong_type(key, "a list of strings");
      values.push_back(*value);
    }
    return values;
  }

  /// A string counts as a list of one.
  [[nodiscard]] std::vector<std::string> string_or_strings(std::string_view key) const {
    return node(key).is_string() ? std::vector{string(key)} : strings(key);
  }

  [[nodiscard]] TomlTable table(std::string_view key) const {
    const toml::table* inner = node(key).as_table();
    if (inner == nullptr) throw wrong_type(key, "a table");
    return {*inner, concat(where_, " [", key, "]")};
  }

 private:
  [[nodiscard]] const toml::node& node(std::string_view key) const {
    const toml::node* found = table_->get(key);
    if (found == nullptr) throw InputError("task", concat(where_, ": the key '", key, "' is missing"));
    return *found;
  }

  [[nodiscard]] InputError wrong_type(std::string_view key, std::string_view expected) const {
    return {"task", concat(where_, ": '", key, "' must be ", expected)};
  }

  const toml::table* table_;
  std::string where_;
};

/// Reads a TOML file.
/// Errors: InputError `task` where it is missing; `toml`, with the line, where it is not TOML or deeper than any task.
[[nodiscard]] inline toml::table read_toml(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) throw InputError("task", concat("no file ", path.string()));
  const MappedFile file = MappedFile::open(path);
  check_toml_bounds(file.text(), path.string());
  try {
    return toml::parse(file.text(), path.string());
  } catch (const toml::parse_error& fault) {
    const auto at = fault.source().begin;
    throw InputError("toml",
                     concat(path.string(), " line ", at.line, " column ", at.column, ": ", fault.description()));
  }
}

}  // namespace quantlens::inline QUANTLENS_ABI
