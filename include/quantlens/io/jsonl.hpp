/// Files of lines, and of one JSON value a line.
#pragma once

#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/io/file_kind.hpp"
#include "quantlens/io/json.hpp"
#include "quantlens/io/utf8.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Calls visit(line, number) for each line of a text, counted from 1. Lines end at \n only and come without it; text
/// after the last \n is a line, too.
template <class Visit>
void for_each_line(std::string_view text, Visit&& visit) {
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    visit(text.substr(0, end), number);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

/// Every line's value; blank lines are skipped.
/// Errors: FormatError `json` naming file and line, or the file that is no UTF-8 text.
[[nodiscard]] inline std::vector<nlohmann::json> read_jsonl(const std::filesystem::path& path) {
  const MappedFile file = open_as(FileKind::text, path);
  require_text(file.text(), "json", path.string());
  std::vector<nlohmann::json> values;
  for_each_line(file.text(), [&](std::string_view line, std::size_t number) {
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) return;
    values.push_back(parse_json_strict(line, concat(path.string(), " line ", number)));
  });
  return values;
}

}  // namespace quantlens::inline QUANTLENS_ABI
