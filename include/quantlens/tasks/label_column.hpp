/// Which label a row of a data file has: by the label's name, by a value, or by the text of one of the row's options.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/core/suggest.hpp"
#include "quantlens/tasks/data_row.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// The column that tells a row's label, and those of the options that labels stand for.
struct LabelColumn {
  std::string name;
  std::vector<std::string> options;                   ///< columns, one for each label in their order; or none
  std::map<std::string, std::size_t> label_of_value;  ///< empty: the column holds the text of the right option

  /// The label's index; of options with the same text the first one's.
  /// Errors: InputError for a value that is none of these, and for a label whose option is empty.
  [[nodiscard]] std::size_t label_of(const DataRow& row) const {
    const std::string& value = row.at(name);
    if (label_of_value.empty()) return index_of_option(row, value);
    const auto label = label_of_value.find(value);
    if (label == label_of_value.end()) throw unknown_value(row, value);
    if (!options.empty() && row.at(options.at(label->second)).empty())
      throw InputError("task_row", concat(row.where, ": '", name, "' is ", value, ", and the option in '",
                                          options.at(label->second), "' is empty"));
    return label->second;
  }

 private:
  [[nodiscard]] std::size_t index_of_option(const DataRow& row, const std::string& text) const {
    for (std::size_t i = 0; i < options.size(); ++i)
      if (!text.empty() && row.at(options[i]) == text) return i;
    std::string known;
    for (const std::string& option : options) known += concat(" '", row.at(option), "'");
    throw InputError("task_row",
                     concat(row.where, ": '", name, "' is '", text, "', and the options are", known,
                            "; write the text of one of these, or map what stands there in [labels.values]"));
  }

  [[nodiscard]] InputError unknown_value(const DataRow& row, const std::string& value) const {
    std::vector<std::string> known;
    for (const auto& entry : label_of_value) known.push_back(entry.first);
    return unknown_name(concat("label in column '", name, "' of ", row.where, ":"), value, known,
                        concat("; write one of these, or map '", value, "' in [labels.values] of task.toml"));
  }
};

/// The row's options behind their labels, as prompts show them: "A) oak B) owl". An empty one is left out.
[[nodiscard]] inline std::string list_options(const DataRow& row, const std::vector<std::string>& columns,
                                              const std::vector<std::string>& labels) {
  std::string list;
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (const std::string& option = row.at(columns[i]); !option.empty())
      list += concat(list.empty() ? "" : " ", labels.at(i), ") ", option);
  return list;
}

}  // namespace quantlens::inline QUANTLENS_ABI
