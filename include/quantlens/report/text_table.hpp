/// A table of text that wraps its columns into blocks of a given width.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Columns that UTF-8 text takes on a terminal, for text without wide or combining characters.
[[nodiscard]] std::size_t display_width(std::string_view text);

/// A header and one cell for each row; `right` aligns them, header included.
struct TextColumn {
  std::string header;
  std::vector<std::string> cells;
  bool right = true;
};

/// Renders the columns left to right, two blanks between them; where the next column would pass `width`, a new block
/// begins, which repeats the first column. All columns have the same number of cells. Lines have no blanks at their
/// end, and nothing that a terminal would not print.
[[nodiscard]] std::string render_columns(std::vector<TextColumn> columns, std::size_t width);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/report/text_table_impl.hpp"
#endif
