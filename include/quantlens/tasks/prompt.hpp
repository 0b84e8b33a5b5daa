/// Prompt templates: text with {placeholders}, and the turns of a chat that it makes.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "quantlens/core/error.hpp"

namespace quantlens::inline v0_1 {

/// What stands for each placeholder.
using PromptValues = std::map<std::string, std::string, std::less<>>;

/// Text with {placeholders}; "{{" and "}}" are plain braces.
/// A value is put in as it is: its own braces are never looked at.
class TextTemplate {
 public:
  TextTemplate() = default;

  /// Errors: InputError for a brace without its partner, or a placeholder that is no word of [a-z0-9_].
  explicit TextTemplate(std::string_view source) {
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

  /// In order of appearance.
  [[nodiscard]] std::vector<std::string> placeholders() const {
    std::vector<std::string> names;
    for (const Piece& piece : pieces_)
      if (!piece.placeholder.empty()) names.push_back(piece.placeholder);
    return names;
  }

  /// The text before the first placeholder.
  [[nodiscard]] std::string_view head() const { return pieces_.empty() ? std::string_view{} : pieces_.front().text; }

  /// Errors: InputError for a placeholder without a value.
  [[nodiscard]] std::string fill(const PromptValues& values) const {
    std::string text;
    for (const Piece& piece : pieces_) {
      text += piece.text;
      if (piece.placeholder.empty()) continue;
      const auto value = values.find(piece.placeholder);
      if (value == values.end()) throw InputError("template", concat("no value for {", piece.placeholder, "}"));
      text += value->second;
    }
    return text;
  }

 private:
  /// Text, and the placeholder after it; only the last piece has none.
  struct Piece {
    std::string text;
    std::string placeholder;
  };

  std::vector<Piece> pieces_;
};

/// One turn that a protocol takes with the model, as [prompts.<name>] of a task describes it.
struct PromptTemplate {
  std::optional<TextTemplate> system;  ///< opens the chat
  TextTemplate user;
  std::string answer_prefix;  ///< how the assistant's answer starts
  TextTemplate answer;        ///< a demonstration's answer; starts with `answer_prefix`
  std::size_t n_demonstrations = 0;
  std::size_t max_new_tokens = 0;
  bool plain = false;  ///< a bare text that the model continues, not a chat
};

}  // namespace quantlens::inline v0_1
