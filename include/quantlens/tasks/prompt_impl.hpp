/// What prompt.hpp declares, defined.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/compiled.hpp"
#include "quantlens/tasks/prompt.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

QUANTLENS_INLINE TextTemplate::TextTemplate(std::string_view source) {
  pieces_.emplace_back();
  while (!source.empty()) {
    const std::size_t brace = source.find_first_of("{}");
    pieces_.back().text += source.substr(0, brace);
    if (brace == std::string_view::npos) break;
    source.remove_prefix(brace);
    if (source.size() > 1 && source[0] == source[1]) {
      pieces_.back().text += source[0];
      source.remove_prefix(2);
      continue;
    }
    const std::size_t end = source[0] == '{' ? source.find('}') : std::string_view::npos;
    const std::string_view name = end == std::string_view::npos ? std::string_view{} : source.substr(1, end - 1);
    if (name.empty() || name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") != std::string_view::npos)
      throw InputError("template", concat("expected a {placeholder} at '", source.substr(0, 20),
                                          "'; write {{ and }} for plain braces"));
    pieces_.back().placeholder = name;
    pieces_.emplace_back();
    source.remove_prefix(end + 1);
  }
}

QUANTLENS_INLINE std::vector<std::string> TextTemplate::placeholders() const {
  std::vector<std::string> names;
  for (const Piece& piece : pieces_)
    if (!piece.placeholder.empty()) names.push_back(piece.placeholder);
  return names;
}

QUANTLENS_INLINE std::string TextTemplate::fill_before(std::string_view placeholder, const PromptValues& values) const {
  std::string text;
  for (const Piece& piece : pieces_) {
    text += piece.text;
    if (piece.placeholder.empty()) continue;
    if (piece.placeholder == placeholder) break;
    const auto value = values.find(piece.placeholder);
    if (value == values.end()) throw InputError("template", concat("no value for {", piece.placeholder, "}"));
    text += value->second;
  }
  return text;
}

}  // namespace quantlens::inline QUANTLENS_ABI
