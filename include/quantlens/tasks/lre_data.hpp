/// The relation files of LRE: one JSON file a relation, with phrasings and pairs of subject and object.
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/io/json.hpp"
#include "quantlens/tasks/answer_text.hpp"
#include "quantlens/tasks/data_row.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace detail {

/// A relation's file in `folder`. `path` is relative to it: category/relation.json.
class LreFile {
 public:
  LreFile(const std::filesystem::path& folder, std::filesystem::path path)
      : path_(std::move(path)), where_((folder / path_).string()), document_(read_json_file(folder / path_)) {}

  /// Errors: InputError naming the file, and the pair.
  void append_rows(std::vector<DataRow>& rows) const {
    const std::string relation = text(document_, "name", where_);
    const nlohmann::json templates = document_.value("prompt_templates", nlohmann::json());
    if (!templates.is_array() || templates.empty() || !templates[0].is_string()) throw refuse("no prompt_templates");
    const std::string phrasing = templates[0].get<std::string>();
    const std::size_t gap = phrasing.find("{}");
    if (gap == std::string::npos || phrasing.find("{}", gap + 2) != std::string::npos)
      throw refuse("expected one {} in the first of prompt_templates");
    const nlohmann::json samples = document_.value("samples", nlohmann::json());
    if (!samples.is_array()) throw refuse("no samples");
    for (std::size_t i = 0; i < samples.size(); ++i) {
      DataRow row{concat(where_, " sample ", i + 1), {}, {}};
      const std::string subject(strip_blanks(text(samples[i], "subject", row.where)));
      std::string prompt = phrasing;
      prompt.replace(gap, 2, subject);
      row.columns = {{"id", concat(std::filesystem::path(path_).replace_extension().generic_string(), "-", i + 1)},
                     {"category", path_.parent_path().generic_string()},
                     {"relation", relation},
                     {"subject", subject},
                     {"object", std::string(strip_blanks(text(samples[i], "object", row.where)))},
                     {"prompt", std::string(strip_blanks(prompt))}};
      rows.push_back(std::move(row));
    }
  }

 private:
  [[nodiscard]] InputError refuse(std::string_view why) const { return {"task_row", concat(where_, ": ", why)}; }

  [[nodiscard]] static std::string text(const nlohmann::json& object, const char* key, const std::string& where) {
    if (!object.is_object() || !object.contains(key) || !object.at(key).is_string())
      throw InputError("task_row", concat(where, ": expected the text '", key, "'"));
    return object.at(key).get<std::string>();
  }

  std::filesystem::path path_;
  std::string where_;
  nlohmann::json document_;
};

}  // namespace detail

/// Every pair of every relation file below `folder`, files in the order of their paths. Columns: id, category (the
/// file's folder), relation, subject, object, and prompt, the first phrasing with the subject in it.
/// Errors: InputError naming the file and the pair. Source: Hernandez et al. 2024; its few-shot phrasings.
[[nodiscard]] inline std::vector<DataRow> read_lre_folder(const std::filesystem::path& folder) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) throw InputError("task_row", folder.string() + " is no folder");
  std::vector<std::filesystem::path> files;
  std::filesystem::recursive_directory_iterator entry(folder, error);
  for (; !error && entry != std::filesystem::recursive_directory_iterator(); entry.increment(error))
    if (entry->path().extension() == ".json") files.push_back(entry->path().lexically_relative(folder));
  if (error) throw InputError("task_row", concat("cannot list ", folder.string(), ": ", error.message()));
  std::sort(files.begin(), files.end());
  std::vector<DataRow> rows;
  for (const std::filesystem::path& file : files) detail::LreFile(folder, file).append_rows(rows);
  return rows;
}

}  // namespace quantlens::inline QUANTLENS_ABI
