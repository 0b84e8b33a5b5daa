/// Which rows of a task have times that are not to be trusted, and why.
#pragma once

#include <string>
#include <vector>

#include "quantlens/report/plain_text.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace report_detail {

/// "Times not to be trusted: rtn-w8, rtn-w4 (others used 1.0 of 2 processors)."; empty where all are.
std::string trust_note(const std::vector<const Json*>& rows);

}  // namespace report_detail

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/report/trust_note_impl.hpp"
#endif
