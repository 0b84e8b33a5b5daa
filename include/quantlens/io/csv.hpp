/// Comma- and tab-separated files by RFC 4180.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/io/file_kind.hpp"
#include "quantlens/io/utf8.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// A table whose rows all have one field for each name in the header.
struct CsvTable {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;

  /// The column of that name, if there is one.
  [[nodiscard]] std::optional<std::size_t> column(std::string_view name) const {
    for (std::size_t i = 0; i < header.size(); ++i)
      if (header[i] == name) return i;
    return std::nullopt;
  }
};

namespace detail {

/// What a message adds where a field holds what separates fields in other files; empty where it holds none.
[[nodiscard]] inline std::string other_separator(std::string_view field, char separator) {
  const auto holds = [&](char other) { return other != separator && field.find(other) != std::string_view::npos; };
  if (holds('\t')) return "; fields seem to be separated by tabs: read the file with format = \"tsv\"";
  if (holds(';') || holds('|'))
    return concat("; fields seem to be separated by '", holds(';') ? ';' : '|',
                  "': save the file with commas, or with tabs and format = \"tsv\"");
  if (holds(',')) return "; fields seem to be separated by commas: read the file with format = \"csv\"";
  return {};
}

}  // namespace detail

/// Reads records of equal length. Fields may be quoted and then hold separators, line ends and doubled quotes; a quote
/// inside an unquoted field stands for itself. Records end with `\n` or `\r\n`; a byte order mark and blank lines are
/// skipped.
/// `n_fields` is how many each has; 0: as many as the first, which then names columns.
/// Errors: FormatError `csv`: no UTF-8 text, an open quote, text behind a closing quote, a record of another length,
/// fields that something else separates.
[[nodiscard]] inline std::vector<std::vector<std::string>> parse_csv(std::string_view text, std::string_view what,
                                                                     char separator = ',', std::size_t n_fields = 0) {
  const auto fail = [&](std::size_t at, std::string_view message) -> void {
    throw FormatError("csv", what, at, message);
  };
  require_text(text, "csv", what);
  std::vector<std::vector<std::string>> records;
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  std::size_t at = text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
  const auto at_line_end = [&] { return at == text.size() || text[at] == '\n' || text.substr(at).starts_with("\r\n"); };
  const auto skip_line_end = [&] {
    if (at < text.size()) at += text[at] == '\r' ? 2 : 1;
  };
  const auto read_quoted = [&](std::string& field) {
    const std::size_t start = at++;
    for (;;) {
      const std::size_t quote = text.find('"', at);
      if (quote == std::string_view::npos) fail(start, "a quote that is never closed");
      field += text.substr(at, quote - at);
      at = quote + 1;
      if (at == text.size() || text[at] != '"') break;
      field += '"';
      ++at;
    }
    if (!at_line_end() && text[at] != separator)
      fail(at, concat("text behind a closing quote", detail::other_separator(text.substr(at, 1), separator)));
  };

  while (at < text.size()) {
    const std::size_t start = at;
    if (at_line_end()) {
      skip_line_end();
      continue;
    }
    std::vector<std::string> record;
    for (;;) {
      std::string& field = record.emplace_back();
      if (at < text.size() && text[at] == '"') read_quoted(field);
      while (!at_line_end() && text[at] != separator) field += text[at++];
      if (at_line_end()) break;
      ++at;  // the separator
    }
    skip_line_end();
    if (records.empty() && record.size() == 1 && n_fields != 1)
      if (const std::string hint = detail::other_separator(record.front(), separator); !hint.empty())
        fail(start, concat("the first line is one field, '", record.front(), "'", hint));
    if (n_fields == 0) n_fields = record.size();
    if (record.size() != n_fields)
      fail(start, concat("record ", records.size() + 1, " has ", record.size(), " fields, expected ", n_fields));
    records.push_back(std::move(record));
  }
  return records;
}

/// A file without a header line, whose records have `n_fields` fields.
[[nodiscard]] inline std::vector<std::vector<std::string>> read_csv_records(const std::filesystem::path& path,
                                                                            char separator, std::size_t n_fields) {
  const MappedFile file = open_as(FileKind::text, path);
  return parse_csv(file.text(), path.string(), separator, n_fields);
}

/// A file whose first record names the columns.
/// Errors: those of parse_csv, and FormatError `csv` for a file without a record.
[[nodiscard]] inline CsvTable read_csv(const std::filesystem::path& path, char separator = ',') {
  CsvTable table;
  table.rows = read_csv_records(path, separator, 0);
  if (table.rows.empty()) throw FormatError("csv", path.string(), 0, "no header");
  table.header = std::move(table.rows.front());
  table.rows.erase(table.rows.begin());
  return table;
}

}  // namespace quantlens::inline QUANTLENS_ABI
