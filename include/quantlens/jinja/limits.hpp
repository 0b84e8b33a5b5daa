/// What a template may cost: caps, the meter that counts, and text that cannot outgrow its cap.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "quantlens/core/error.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI::jinja {

inline constexpr std::size_t max_source_bytes = std::size_t{1} << 20;
inline constexpr std::size_t max_text_bytes = std::size_t{16} << 20;  ///< of the output and of every string
inline constexpr std::size_t max_steps = 1'000'000;
inline constexpr std::size_t max_nesting = 100;      ///< of brackets and blocks while parsing, of one expression's tree
inline constexpr std::size_t max_eval_depth = 500;   ///< of expressions, blocks and macro calls while rendering
inline constexpr std::size_t max_value_depth = 100;  ///< of lists in lists
inline constexpr std::size_t max_range = 100'000;    ///< jinja2's sandbox has the same

/// What stops a rendering. The evaluator adds the line, and ChatTemplate turns it into an InputError.
struct Fault {
  std::string message;
  std::size_t line = 0;
};

template <class... Parts>
[[noreturn]] void fault(const Parts&... parts) {
  throw Fault{concat(parts...), 0};
}

/// The error everybody sees. Errors: InputError "template".
[[noreturn]] inline void fail_at(std::size_t line, std::string_view message) {
  throw InputError("template", concat("line ", line, ": ", message));
}

/// Counts the work of one rendering; one step is about one node of the template or 64 bytes of text.
class Meter {
 public:
  void spend(std::size_t steps) {
    if (steps > left_) fault("more than ", max_steps, " steps of work");
    left_ -= steps;
  }
  void spend_bytes(std::size_t bytes) { spend(bytes / 64); }
  void spend_items(std::size_t items) { spend(items / 4); }
  /// Before text is searched for text, which may cost the product.
  void spend_search(std::size_t haystack, std::size_t needle) {
    spend_bytes(haystack + (needle > 1 ? haystack / 2 * (needle - 1) : 0));
  }

 private:
  std::size_t left_ = max_steps;
};

/// Text that is built piece by piece and faults at the cap instead of growing past it.
class BoundedText {
 public:
  BoundedText& operator<<(std::string_view piece) {
    if (piece.size() > max_text_bytes - text_.size()) fault("a text of more than ", max_text_bytes, " bytes");
    text_ += piece;
    return *this;
  }
  [[nodiscard]] std::size_t size() const noexcept { return text_.size(); }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

}  // namespace quantlens::inline QUANTLENS_ABI::jinja
