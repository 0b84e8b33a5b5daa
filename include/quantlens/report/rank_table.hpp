/// Which format is best for what, as a few lines for a terminal.
#pragma once

#include <cstddef>
#include <string>

#include "quantlens/report/plain_text.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace report_detail {

inline constexpr std::size_t most_contenders = 4;

/// The block with its blank line after it; nothing where the document has no rankings.
std::string rank_table(const Json& results, std::size_t width);

}  // namespace report_detail

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/report/rank_table_impl.hpp"
#endif
