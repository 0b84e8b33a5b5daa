/// One line of a journal as text: a JSON object with a kind, a key, and a checksum of everything else as its last
/// member.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "quantlens/core/crc32c.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What reading a line came to: `unsummed` is a whole line without a checksum, as older versions wrote.
enum class LineState { whole, unsummed, damaged };

namespace journal_detail {

/// `,"crc":"1a2b3c4d"}`, in place of the object's closing brace.
inline std::string checksum_member(std::string_view object_without_brace) {
  char text[24];
  std::snprintf(text, sizeof text, ",\"crc\":\"%08x\"}", static_cast<unsigned>(crc32c(object_without_brace)));
  return text;
}

inline constexpr std::size_t checksum_size = 18;

}  // namespace journal_detail

/// Without a newline; what is no UTF-8 is replaced.
[[nodiscard]] inline std::string journal_line_text(const nlohmann::json& line) {
  std::string text = line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  text.pop_back();
  return text + journal_detail::checksum_member(text);
}

/// Reads a line into `line`, which holds nothing useful where the result is `damaged`.
[[nodiscard]] inline LineState parse_journal_line(std::string_view text, nlohmann::json& line) {
  using journal_detail::checksum_size;
  line = nlohmann::json::parse(text, nullptr, false);
  const bool is_line = line.is_object() && line.value("kind", nlohmann::json()).is_string() &&
                       line.value("key", nlohmann::json()).is_string();
  if (!is_line) return LineState::damaged;
  if (!line.contains("crc")) return LineState::unsummed;
  if (text.size() < checksum_size) return LineState::damaged;
  const std::size_t sum_at = text.size() - checksum_size;
  if (text.substr(sum_at) != journal_detail::checksum_member(text.substr(0, sum_at))) return LineState::damaged;
  line.erase("crc");
  return LineState::whole;
}

}  // namespace quantlens::inline QUANTLENS_ABI
