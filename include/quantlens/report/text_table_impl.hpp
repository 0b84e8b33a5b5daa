/// What text_table.hpp declares, defined.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/compiled.hpp"
#include "quantlens/core/printable.hpp"
#include "quantlens/report/text_table.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; }));
}

QUANTLENS_INLINE std::string render_columns(std::vector<TextColumn> columns, std::size_t width) {
  for (TextColumn& column : columns) {
    column.header = printable(column.header);
    for (std::string& cell : column.cells) cell = printable(cell);
  }
  const auto width_of = [](const TextColumn& column) {
    std::size_t widest = display_width(column.header);
    for (const std::string& cell : column.cells) widest = std::max(widest, display_width(cell));
    return widest;
  };
  const auto line_of = [&](const std::vector<const TextColumn*>& block, const auto& text_of) {
    std::string line;
    for (const TextColumn* column : block) {
      const std::string& text = text_of(*column);
      const std::string padding(width_of(*column) - display_width(text), ' ');
      if (column != block.front()) line += "  ";
      line += column->right ? padding + text : text + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    return line + "\n";
  };

  std::string out;
  for (std::size_t next = 1; next < columns.size();) {
    std::vector<const TextColumn*> block{&columns.front()};
    std::size_t used = width_of(columns.front());
    do {
      block.push_back(&columns[next]);
      used += 2 + width_of(columns[next]);
      ++next;
    } while (next < columns.size() && used + 2 + width_of(columns[next]) <= width);
    if (!out.empty()) out += "\n";
    out += line_of(block, [](const TextColumn& column) -> const std::string& { return column.header; });
    for (std::size_t row = 0; row < columns.front().cells.size(); ++row)
      out += line_of(block, [&](const TextColumn& column) -> const std::string& { return column.cells[row]; });
  }
  return out;
}

}  // namespace quantlens::inline QUANTLENS_ABI
