/// Results as tables for a terminal: plain decimals, one row a cell, honest footnotes.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "quantlens/report/plain_text.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace report_detail {

/// The rows of each task, in the order in which tasks come.
std::vector<std::pair<std::string, std::vector<const Json*>>> rows_by_task(const Json& results);

/// "1 of 20 items left out: note-7: [quantlens.n_ctx] a prompt of ...", or "at most 2" where rows differ: the items
/// that failed in some row, with the first one's reason; empty: none did.
std::string failed_items_text(const std::vector<const Json*>& rows);

/// "no deltas for rtn-w8, rtn-w4: why", a line for each reason.
std::vector<std::string> no_deltas_texts(const std::vector<const Json*>& rows);

}  // namespace report_detail

/// All rows of a quantlens-results/1 document as tables, at most `width` columns wide; one group of blocks a task, then
/// what is best where the document ranks formats. A study's tables stand in place of all that.
[[nodiscard]] std::string render_console(const nlohmann::ordered_json& results, std::size_t width = 120);

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/report/console_impl.hpp"
#endif
