/// A published study beside its own numbers: a table for each of its tasks, mean ranks, the published rows.
#pragma once

#include <cstddef>
#include <string>

#include "quantlens/report/plain_text.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace report_detail {

/// The block with its blank line after it; nothing where the document has no study.
std::string study_table(const Json& results, std::size_t width);

}  // namespace report_detail

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/report/study_table_impl.hpp"
#endif
