/// What trust_note.hpp declares, defined.
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "quantlens/core/compiled.hpp"
#include "quantlens/core/error.hpp"
#include "quantlens/report/trust_note.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

namespace report_detail {

QUANTLENS_INLINE std::string trust_note(const std::vector<const Json*>& rows) {
  std::vector<std::pair<std::string, std::vector<std::string>>> formats_of;
  for (const Json* row : rows) {
    const Json reason = (*row)["latency"].value("reason", Json());
    if (reason.is_null()) continue;
    const std::string text = reason;
    auto found = std::find_if(formats_of.begin(), formats_of.end(), [&](const auto& e) { return e.first == text; });
    if (found == formats_of.end()) found = formats_of.insert(formats_of.end(), {text, {}});
    found->second.push_back((*row)["format"]);
  }
  std::string out;
  for (const auto& [reason, formats] : formats_of) {
    std::string names;
    for (const std::string& format : formats) names += (names.empty() ? "" : ", ") + format;
    if (formats.size() == rows.size() && formats.size() > 1) names = "all formats";
    out += concat(out.empty() ? "Times not to be trusted: " : ", ", names, " (", reason, ")");
  }
  return out.empty() ? out : out + ".";
}

}  // namespace report_detail

}  // namespace quantlens::inline QUANTLENS_ABI
