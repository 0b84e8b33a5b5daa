/// Prompt templates: text with {placeholders}, and the turns of a chat that it makes.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "quantlens/core/error.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// What stands for each placeholder.
using PromptValues = std::map<std::string, std::string, std::less<>>;

/// Text with {placeholders}; "{{" and "}}" are plain braces.
/// A value is put in as it is: its own braces are never looked at.
class TextTemplate {
 public:
  TextTemplate() = default;

  /// Errors: InputError for a brace without its partner, or a placeholder that is no word of [a-z0-9_].
  explicit TextTemplate(std::string_view source);

  /// In order of appearance.
  [[nodiscard]] std::vector<std::string> placeholders() const;

  /// The text before the first placeholder.
  [[nodiscard]] std::string_view head() const { return pieces_.empty() ? std::string_view{} : pieces_.front().text; }

  /// Errors: InputError for a placeholder without a value.
  [[nodiscard]] std::string fill(const PromptValues& values) const { return fill_before({}, values); }

  /// The same up to a placeholder, or all of it where there is none of that name.
  [[nodiscard]] std::string fill_before(std::string_view placeholder, const PromptValues& values) const;

 private:
  /// Text, and the placeholder after it; only the last piece has none.
  struct Piece {
    std::string text;
    std::string placeholder;
  };

  std::vector<Piece> pieces_;
};

/// One turn that a protocol takes with the model, as `[prompts.<name>]` of a task describes it.
struct PromptTemplate {
  std::optional<TextTemplate> system;  ///< opens the chat
  TextTemplate user;
  std::string answer_prefix;  ///< how the assistant's answer starts
  TextTemplate answer;        ///< a demonstration's answer; starts with `answer_prefix`
  std::size_t n_demonstrations = 0;
  std::size_t max_new_tokens = 0;
  bool plain = false;  ///< a bare text that the model continues, not a chat
};

}  // namespace quantlens::inline QUANTLENS_ABI

#ifndef QUANTLENS_COMPILED_RUNTIME
#include "quantlens/tasks/prompt_impl.hpp"
#endif
