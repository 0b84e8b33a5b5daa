/// The key of an endpoint: taken from the environment, sent in one header, and hidden in all that comes back.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "quantlens/core/error.hpp"
#include "quantlens/version.hpp"

namespace quantlens::inline QUANTLENS_ABI {

/// A secret that no error, record or file may hold; empty where an endpoint needs none.
class ApiKey {
 public:
  ApiKey() = default;

  /// `source` is what errors call it; they never show the key. Errors: InputError "judge" for what no header can carry,
  /// and for a key so short that hiding it would hide ordinary words.
  ApiKey(std::string value, std::string_view source) : value_(std::move(value)) {
    const auto is_plain = [](char c) { return c > ' ' && c <= '~'; };
    if (value_.size() < shortest || value_.size() > longest || !std::all_of(value_.begin(), value_.end(), is_plain))
      throw InputError("judge", concat(source, " is no key: expected ", shortest, " to ", longest,
                                       " printable ASCII characters without blanks; unset it where none is needed"));
  }

  /// QUANTLENS_JUDGE_KEY, or else OPENAI_API_KEY, which is meant for other programs, too, and goes over TLS alone.
  [[nodiscard]] static ApiKey from_environment(bool has_tls) {
    for (const char* name : {"QUANTLENS_JUDGE_KEY", "OPENAI_API_KEY"}) {
      const char* value = std::getenv(name);
      const bool is_meant = has_tls || std::string_view(name) == "QUANTLENS_JUDGE_KEY";
      if (value != nullptr && *value != '\0' && is_meant) return {value, name};
    }
    return {};
  }

  [[nodiscard]] bool empty() const noexcept { return value_.empty(); }

  /// The value of the header Authorization. Precondition: there is a key.
  [[nodiscard]] std::string authorization() const { return "Bearer " + value_; }

  /// The text with [key] wherever it holds the key: an endpoint may repeat what it was sent.
  [[nodiscard]] std::string hide(std::string_view text) const {
    std::string hidden(text);
    if (empty()) return hidden;
    constexpr std::string_view mark = "[key]";
    for (std::size_t at = 0; (at = hidden.find(value_, at)) != std::string::npos; at += mark.size())
      hidden.replace(at, value_.size(), mark);
    return hidden;
  }

 private:
  static constexpr std::size_t shortest = 8, longest = 4096;

  std::string value_;
};

}  // namespace quantlens::inline QUANTLENS_ABI
