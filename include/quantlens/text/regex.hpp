/// A compiled regular expression over UTF-8 (PCRE2 with Unicode properties, JIT where there is one).
#pragma once

#ifndef PCRE2_CODE_UNIT_WIDTH
#define PCRE2_CODE_UNIT_WIDTH 8
#endif
#include <pcre2.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "quantlens/core/error.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// Calls a C library's free function; for unique_ptr.
template <auto Free>
struct FreeWith {
  template <class T>
  void operator()(T* p) const noexcept {
    Free(p);
  }
};

/// What a match writes to. One per thread and call; a Regex itself is immutable and may be shared.
class RegexScratch {
 public:
  RegexScratch()
      : data_(pcre2_match_data_create_8(1, nullptr)),
        context_(pcre2_match_context_create_8(nullptr)),
        stack_(pcre2_jit_stack_create_8(32 * 1024, 1024 * 1024, nullptr)) {
    if (!data_ || !context_) throw Error("regex", "out of memory for a match");
    if (stack_) pcre2_jit_stack_assign_8(context_.get(), nullptr, stack_.get());
  }

 private:
  friend class Regex;
  std::unique_ptr<pcre2_match_data_8, FreeWith<pcre2_match_data_free_8>> data_;
  std::unique_ptr<pcre2_match_context_8, FreeWith<pcre2_match_context_free_8>> context_;
  std::unique_ptr<pcre2_jit_stack_8, FreeWith<pcre2_jit_stack_free_8>> stack_;
};

/// Errors: InputError for a pattern that PCRE2 refuses or that matches the empty string.
class Regex {
 public:
  explicit Regex(const std::string& pattern) {
    int error = 0;
    PCRE2_SIZE offset = 0;
    code_.reset(pcre2_compile_8(reinterpret_cast<PCRE2_SPTR8>(pattern.data()), pattern.size(), PCRE2_UTF | PCRE2_UCP,
                                &error, &offset, nullptr));
    if (!code_) throw InputError("regex", concat("pattern '", pattern, "' at byte ", offset, ": ", message(error)));
    std::uint32_t matches_empty = 0;
    pcre2_pattern_info_8(code_.get(), PCRE2_INFO_MATCHEMPTY, &matches_empty);
    if (matches_empty != 0) throw InputError("regex", concat("pattern '", pattern, "' matches the empty string"));
    // Without JIT (none for this machine, or executable memory forbidden) the interpreter gives the same answers.
    const int jit = pcre2_jit_compile_8(code_.get(), PCRE2_JIT_COMPLETE);
    if (jit != 0 && jit != PCRE2_ERROR_JIT_BADOPTION && jit != PCRE2_ERROR_NOMEMORY)
      throw Error("regex", concat("compiling '", pattern, "': ", message(jit)));
  }

  /// Calls visit(begin, end) with the byte range of each match, from left to right. `text` must be valid UTF-8.
  /// Errors: InputError where a match takes more steps than a linear scan could need, or is empty after all: patterns
  /// come from files.
  template <class Visit>
  void for_each_match(std::string_view text, RegexScratch& scratch, Visit&& visit) const {
    constexpr std::size_t least_steps = 1'000'000, steps_per_byte = 16;
    const std::size_t most_steps = text.size() < UINT32_MAX / (2 * steps_per_byte)
                                       ? least_steps + steps_per_byte * text.size()
                                       : std::size_t{UINT32_MAX};
    pcre2_set_match_limit_8(scratch.context_.get(), static_cast<std::uint32_t>(most_steps));
    for (std::size_t at = 0; at < text.size();) {
      const int found = pcre2_match_8(code_.get(), reinterpret_cast<PCRE2_SPTR8>(text.data()), text.size(), at,
                                      PCRE2_NO_UTF_CHECK, scratch.data_.get(), scratch.context_.get());
      if (found == PCRE2_ERROR_NOMATCH) return;
      if (found < 0)
        throw InputError("regex", concat("matching at byte ", at, " of ", text.size(), ": ", message(found)));
      const PCRE2_SIZE* range = pcre2_get_ovector_pointer_8(scratch.data_.get());
      if (range[1] <= range[0]) throw InputError("regex", concat("an empty match at byte ", range[0]));
      visit(std::size_t{range[0]}, std::size_t{range[1]});
      at = range[1];
    }
  }

  [[nodiscard]] bool matches(std::string_view text) const {
    RegexScratch scratch;
    bool found = false;
    for_each_match(text, scratch, [&](std::size_t, std::size_t) { found = true; });
    return found;
  }

 private:
  static std::string message(int error) {
    PCRE2_UCHAR8 buffer[256] = {};
    pcre2_get_error_message_8(error, buffer, sizeof(buffer));
    return reinterpret_cast<const char*>(buffer);
  }

  std::unique_ptr<pcre2_code_8, FreeWith<pcre2_code_free_8>> code_;
};

}  // namespace quantlens::inline QUANTLENS_ABI
